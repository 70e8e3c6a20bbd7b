#include "index_candidates.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

using Fault = IndexCandidate::Fault;

std::string described(const Gpu& gpu) {
    return fmt::format("{} ({})", gpu.name, gpu.capability.to_string());
}

bool has(const std::vector<std::string>& texts, std::string_view text) {
    return std::find(texts.begin(), texts.end(), text) != texts.end();
}

/// One index for one release against one question.
class Examination {
public:
    Examination(const TorchRelease& release, const TorchIndex& index, const IndexQuestion& question,
                const PlanTables& tables)
        : release_(release),
          question_(question),
          tables_(tables),
          torch_(release.torch.to_string()),
          found_{.index = &index} {}

    IndexCandidate result() && {
        using Check = std::string (Examination::*)();
        constexpr std::pair<Fault, Check> checks[] = {
            {Fault::file, &Examination::file_fault},     {Fault::build, &Examination::build_fault},
            {Fault::driver, &Examination::driver_fault}, {Fault::gpu, &Examination::gpu_fault},
            {Fault::major, &Examination::major_fault},
        };
        for (const auto& [fault, check] : checks) {
            found_.reason = (this->*check)();
            if (!found_.reason.empty()) {
                found_.fault = fault;
                break;
            }
        }
        return std::move(found_);
    }

private:
    std::string file_fault() {
        const std::vector<std::string>* suffixes = release_.suffixes_for(question_.machine);
        if (suffixes == nullptr) {
            return fmt::format("no CUDA wheel of torch {} for {} is known", torch_,
                               text::printable(question_.machine));
        }
        if (!has(*suffixes, found_.index->suffix)) {
            return fmt::format("has no wheel of torch {} for {}", torch_, question_.machine);
        }
        return python_fault(release_, question_);
    }

    std::string build_fault() {
        const packaging::Version build = wheel_version(release_.torch, found_.index->suffix);
        return question_.torch.contains(build)
                   ? std::string()
                   : fmt::format("torch {} is another build than `{}`", build.to_string(),
                                 question_.torch.to_string());
    }

    std::string driver_fault() {
        if (!question_.driver) {
            return {};
        }
        const std::string driver = question_.driver->to_string();
        const std::string cuda = found_.index->cuda.to_string();
        const DriverAnswer answer = tables_.drivers.answer(*question_.driver, found_.index->cuda);
        const std::string needs =
            answer.needs ? answer.needs->to_string() + " or later" : "a later one";
        if (answer.kind == DriverAnswer::Kind::no) {
            return fmt::format("CUDA {} needs driver {}, not {}", cuda, needs, driver);
        }
        if (answer.kind == DriverAnswer::Kind::reduced) {
            found_.is_reduced = true;
            found_.notes.push_back(
                fmt::format("driver {} runs CUDA {} by minor-version compatibility: newer features "
                            "may be missing and its PTX is not compiled; {} has all",
                            driver, cuda, needs));
        }
        if (!answer.is_verified) {
            found_.notes.push_back(fmt::format("which CUDA driver {} has is not verified", driver));
        }
        return {};
    }

    std::string gpu_fault() {
        if (question_.gpus.empty()) {
            return {};
        }
        const TorchCode* row = tables_.torch.code_of(release_.torch, found_.index->suffix);
        const bool is_aarch64 = question_.machine == "aarch64";
        if (row == nullptr || (is_aarch64 ? row->aarch64 : row->x86_64).empty()) {
            return fmt::format("for which GPUs its torch {} has code on {} is not known", torch_,
                               question_.machine);
        }
        const std::vector<GpuCode>& code = is_aarch64 ? row->aarch64 : row->x86_64;
        for (const Gpu& gpu : question_.gpus) {
            if (std::string fault = fault_on(gpu, code); !fault.empty()) {
                return fault;
            }
        }
        if (!(is_aarch64 ? row->aarch64_is_verified : row->x86_64_is_verified)) {
            found_.notes.push_back(
                fmt::format("for which GPUs torch {} of {} has code is not verified", torch_,
                            found_.index->suffix));
        }
        return {};
    }

    std::string fault_on(const Gpu& gpu, const std::vector<GpuCode>& code) {
        if (!gpu.is_verified) {
            found_.notes.push_back(
                fmt::format("the compute capability of {} is not verified", described(gpu)));
        }
        const auto any = [&](auto holds) { return std::any_of(code.begin(), code.end(), holds); };
        if (any([&](const GpuCode& one) { return tables_.gpus.runs(one, gpu); })) {
            return {};
        }
        if (!any([&](const GpuCode& one) { return tables_.gpus.compiles(one, gpu); })) {
            return fmt::format("its torch {} has no code for {}", torch_, described(gpu));
        }
        // Minor-version compatibility does not cover PTX: the driver must know its ISA.
        const CudaVersion needed = tables_.drivers.ptx_needs(found_.index->cuda);
        const std::optional<CudaVersion> reach =
            question_.driver ? tables_.drivers.reach(*question_.driver) : std::nullopt;
        if (reach && *reach >= needed) {
            found_.notes.push_back(fmt::format(
                "torch has only PTX for {}: the driver compiles it at first use", described(gpu)));
            return {};
        }
        const std::optional<DriverVersion> driver = tables_.drivers.full_driver(needed);
        return fmt::format(
            "its torch {} has only PTX for {}, which needs a driver of CUDA {}{}", torch_,
            described(gpu), needed.to_string(),
            driver ? fmt::format(" ({} or later)", driver->to_string()) : std::string());
    }

    std::string major_fault() {
        if (!question_.cuda || question_.cuda->major == found_.index->cuda.major) {
            return {};
        }
        if (!question_.allow_other_major) {
            return fmt::format("CUDA {} is another major version than the image's {}",
                               found_.index->cuda.to_string(), question_.cuda->to_string());
        }
        found_.notes.push_back(
            fmt::format("extensions cannot be compiled with the image's CUDA {}: torch refuses "
                        "another major version than its own",
                        question_.cuda->to_string()));
        return {};
    }

    const TorchRelease& release_;
    const IndexQuestion& question_;
    const PlanTables& tables_;
    std::string torch_;
    IndexCandidate found_;
};

}  // namespace

Result<PlanTables> PlanTables::load() {
    ENVPACK_TRY(TorchMatrix torch, TorchMatrix::load());
    ENVPACK_TRY(DriverTable drivers, DriverTable::load());
    ENVPACK_TRY(GpuTable gpus, GpuTable::load());
    return PlanTables{
        .torch = std::move(torch), .drivers = std::move(drivers), .gpus = std::move(gpus)};
}

packaging::Version wheel_version(const packaging::Version& torch, std::string_view suffix) {
    packaging::VersionParts parts = torch.parts();
    parts.local = suffix;
    return packaging::Version::from_parts(std::move(parts));
}

std::string python_fault(const TorchRelease& release, const IndexQuestion& question) {
    if (question.python.empty() || release.pythons.empty() ||
        has(release.pythons, question.python)) {
        return {};
    }
    return fmt::format("torch {} has no wheel for Python {}, only for {}",
                       release.torch.to_string(), text::printable(question.python),
                       text::join(release.pythons, ", "));
}

std::vector<IndexCandidate> index_candidates(const TorchRelease& release,
                                             const IndexQuestion& question,
                                             const PlanTables& tables) {
    std::vector<IndexCandidate> candidates;
    for (const TorchIndex& index : tables.torch.indexes()) {
        if (has(release.suffixes, index.suffix)) {
            candidates.push_back(Examination(release, index, question, tables).result());
        }
    }
    return candidates;
}

}  // namespace envpack::cuda
