#include "audit_parts.hpp"
#include "audit_remedy.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using cuda::CodeVerdict;
using Level = AuditFinding::Level;

/// The files of one package, or a file of none.
struct CodeGroup {
    cuda::FileCode code = {};
    std::vector<const AuditedCode*> files = {};
};

std::string shown_gpu(const cuda::Gpu& gpu) {
    const std::string capability = gpu.capability.to_string();
    return gpu.name == capability ? capability : fmt::format("{} ({})", gpu.name, capability);
}

/// "sm_80, sm_90a, compute_90", each once.
std::string targets_of(const cuda::FileCode& code) {
    std::set<cuda::GpuCode> targets;
    for (const auto& [entry, count] : code.entries()) {
        if (entry.kind == cuda::FatbinEntry::Kind::cubin ||
            entry.kind == cuda::FatbinEntry::Kind::ptx) {
            targets.insert(entry.code);
        }
    }
    std::string text;
    for (const cuda::GpuCode& target : targets) {
        text += (text.empty() ? "" : ", ") + target.to_string();
    }
    return text;
}

/// The file that most of it is about.
const AuditedCode& worst_file(const CodeGroup& group, CodeVerdict::Answer answer, std::size_t gpu) {
    return **std::ranges::max_element(group.files, {}, [&](const AuditedCode* file) {
        const CodeVerdict& verdict = file->verdicts[gpu];
        switch (answer) {
            case CodeVerdict::Answer::driver_too_old:
                return verdict.driver_too_old;
            case CodeVerdict::Answer::ptx:
                return verdict.compiled;
            default:
                return verdict.none;
        }
    });
}

class CodeAudit {
public:
    CodeAudit(const AuditSubject& subject, AuditReport& report, const cuda::GpuTable& gpus,
              const cuda::DriverTable& drivers)
        : subject_(subject), report_(report), gpus_(gpus), drivers_(drivers) {}

    Result<void> run() {
        collect();
        for (const auto& [key, group] : groups_) {
            const auto& [package, file] = key;
            AuditedPackage audited{.name = package, .file = file};
            for (std::size_t i = 0; i < report_.gpus.size(); ++i) {
                const CodeVerdict verdict = verdict_of(group.code, report_.gpus[i]);
                audited.verdicts.push_back(verdict);
                ENVPACK_CHECK(tell(package, group, verdict, i));
            }
            report_.packages.push_back(std::move(audited));
        }
        return tell_toolkits();
    }

private:
    CodeVerdict verdict_of(const cuda::FileCode& code, const cuda::Gpu& gpu) const {
        return cuda::verdict_of(code, gpu, report_.driver, gpus_, drivers_);
    }

    void collect() {
        for (const Binary& binary : subject_.binaries) {
            if (binary.code.containers.empty()) {
                continue;
            }
            AuditedCode file{.file = binary.path.str(),
                             .package = subject_.owner_of(binary.path),
                             .size = binary.size,
                             .is_loaded = binary.is_loaded(),
                             .code = binary.code};
            for (const cuda::Gpu& gpu : report_.gpus) {
                file.verdicts.push_back(verdict_of(file.code, gpu));
            }
            report_.code.push_back(std::move(file));
        }
        for (const AuditedCode& file : report_.code) {
            if (file.is_loaded) {
                CodeGroup& group =
                    groups_[{file.package, file.package.empty() ? file.file : std::string()}];
                group.code.add(file.code);
                group.files.push_back(&file);
            }
        }
    }

    Result<void> tell(const std::string& package, const CodeGroup& group,
                      const CodeVerdict& verdict, std::size_t gpu) {
        const std::string where = shown_gpu(report_.gpus[gpu]);
        const AuditedCode& file = worst_file(group, verdict.answer(), gpu);
        AuditFinding finding{.file = file.file, .package = package};
        const std::string has =
            fmt::format("{} of {} modules of GPU code", verdict.runs(), verdict.judged());
        switch (verdict.answer()) {
            case CodeVerdict::Answer::none: {
                finding.level = Level::error;
                finding.rule = "audit.no-code";
                finding.text =
                    verdict.runs() == 0
                        ? fmt::format("has no code for {}: it has {}", where,
                                      targets_of(group.code))
                        : fmt::format(
                              "has next to no code for {}: {} run there, {} on the GPU that "
                              "it is best for",
                              where, has, verdict.best);
                ENVPACK_TRY(finding.fix, fix_for_code(subject_, report_, package, gpu));
                break;
            }
            case CodeVerdict::Answer::driver_too_old: {
                finding.level = Level::error;
                finding.rule = "audit.ptx-driver";
                finding.text = fmt::format(
                    "has only PTX for {}, which driver {} cannot compile: it is of CUDA {}", where,
                    report_.driver->to_string(),
                    verdict.needs ? verdict.needs->to_string() : "that no table knows");
                finding.fix = driver_fix(verdict.needs, drivers_);
                break;
            }
            case CodeVerdict::Answer::partial:
                finding.level = Level::warning;
                finding.rule = "audit.partial";
                finding.text = fmt::format("{} run on {}, {} on the GPU that it is best for", has,
                                           where, verdict.best);
                break;
            case CodeVerdict::Answer::ptx:
                finding.level = Level::note;
                finding.rule = "audit.ptx";
                finding.text = fmt::format("{} of {} modules are compiled for {} at first use{}",
                                           verdict.compiled, verdict.judged(), where,
                                           report_.driver || !verdict.needs
                                               ? ""
                                               : fmt::format(", by a driver that has CUDA {}",
                                                             verdict.needs->to_string()));
                break;
            case CodeVerdict::Answer::native:
            case CodeVerdict::Answer::no_code:
                return tell_files(group, gpu);
        }
        report_.findings.push_back(std::move(finding));
        return {};
    }

    /// A package that runs may have files that do not: kernels for other GPUs alone.
    Result<void> tell_files(const CodeGroup& group, std::size_t gpu) {
        for (const AuditedCode* file : group.files) {
            const CodeVerdict& verdict = file->verdicts[gpu];
            if (verdict.answer() != CodeVerdict::Answer::no_code && !verdict.works()) {
                report_.findings.push_back(
                    {.level = Level::note,
                     .rule = "audit.file-without-code",
                     .text = fmt::format("has no code for {}, other files of the package have: it "
                                         "has {}",
                                         shown_gpu(report_.gpus[gpu]), targets_of(file->code)),
                     .file = file->file,
                     .package = file->package});
            }
        }
        return {};
    }

    /// The major version of the CUDA run time that a binary is for; none when it does not tell.
    static std::optional<unsigned> runtime_of(const Binary& binary) {
        constexpr std::string_view prefix = "libcudart.so.";
        if (!binary.elf) {
            return std::nullopt;
        }
        std::vector<std::string> names = binary.elf->needed;
        names.push_back(binary.elf->soname);
        for (const std::string_view name : names) {
            unsigned major = 0;
            if (name.starts_with(prefix) &&
                std::from_chars(name.data() + prefix.size(), name.data() + name.size(), major).ec ==
                    std::errc() &&
                major >= 10) {  // up to 10 the number was not that of the major version alone
                return major;
            }
        }
        return std::nullopt;
    }

    /// A run time that is newer than the driver starts nothing at all, whatever the GPU.
    Result<void> tell_toolkits() {
        if (!report_.driver) {
            return {};
        }
        std::set<std::pair<std::string, unsigned>> told;
        for (const Binary& binary : subject_.binaries) {
            const std::optional<unsigned> major = runtime_of(binary);
            if (!major) {
                continue;
            }
            const cuda::CudaVersion cuda{.major = *major, .minor = *major == 11 ? 1U : 0U};
            const cuda::DriverAnswer answer = drivers_.answer(*report_.driver, cuda);
            const std::string package = subject_.owner_of(binary.path);
            if (answer.kind != cuda::DriverAnswer::Kind::no ||
                !told.emplace(package, *major).second) {
                continue;
            }
            AuditFinding finding{
                .level = Level::error,
                .rule = "audit.driver",
                .text = fmt::format("is for CUDA {}, which driver {} does not start", *major,
                                    report_.driver->to_string()),
                .file = binary.path.str(),
                .package = package};
            ENVPACK_TRY(finding.fix, fix_for_driver(subject_, report_, package, answer.needs));
            report_.findings.push_back(std::move(finding));
        }
        return {};
    }

    const AuditSubject& subject_;
    AuditReport& report_;
    const cuda::GpuTable& gpus_;
    const cuda::DriverTable& drivers_;
    /// By package, and by file where there is none.
    std::map<std::pair<std::string, std::string>, CodeGroup> groups_;
};

}  // namespace

Result<void> audit_code(const AuditSubject& subject, AuditReport& report) {
    ENVPACK_TRY(const cuda::GpuTable gpus, cuda::GpuTable::load());
    ENVPACK_TRY(const cuda::DriverTable drivers, cuda::DriverTable::load());
    return CodeAudit(subject, report, gpus, drivers).run();
}

}  // namespace envpack::pipeline
