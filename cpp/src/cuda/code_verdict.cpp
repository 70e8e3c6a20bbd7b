#include "envpack/cuda/code_verdict.hpp"

#include <algorithm>

namespace envpack::cuda {
namespace {

bool is_judged(std::span<const FatbinEntry> entries) {
    return std::ranges::any_of(entries, [](const FatbinEntry& entry) {
        return entry.kind == FatbinEntry::Kind::cubin || entry.kind == FatbinEntry::Kind::ptx;
    });
}

/// How many containers a GPU runs with any driver.
std::uint64_t runnable(const FileCode& code, const Gpu& gpu, const GpuTable& gpus,
                       const DriverTable& drivers) {
    std::uint64_t count = 0;
    for (const auto& [entries, number] : code.containers) {
        const CodeFate fate = fate_of(entries, gpu, std::nullopt, gpus, drivers).fate;
        count += fate == CodeFate::none ? 0 : number;
    }
    return count;
}

}  // namespace

std::string_view to_string(CodeFate fate) noexcept {
    constexpr std::string_view names[] = {"native", "ptx", "driver-too-old", "none"};
    return names[static_cast<std::size_t>(fate)];
}

std::string_view to_string(CodeVerdict::Answer answer) noexcept {
    constexpr std::string_view names[] = {"no-code", "native",         "ptx",
                                          "partial", "driver-too-old", "none"};
    return names[static_cast<std::size_t>(answer)];
}

ContainerFate fate_of(std::span<const FatbinEntry> entries, const Gpu& gpu,
                      const std::optional<DriverVersion>& driver, const GpuTable& gpus,
                      const DriverTable& drivers) {
    ContainerFate best;
    for (const FatbinEntry& entry : entries) {
        if (entry.kind == FatbinEntry::Kind::cubin && gpus.runs(entry.code, gpu)) {
            return {.fate = CodeFate::native};
        }
        if (entry.kind != FatbinEntry::Kind::ptx || !gpus.compiles(entry.code, gpu)) {
            continue;
        }
        const std::optional<CudaVersion> needs = drivers.isa_cuda(entry.isa_major, entry.isa_minor);
        const std::optional<CudaVersion> reach = driver ? drivers.reach(*driver) : std::nullopt;
        // A driver or an ISA that no table knows counts as no: a guess is no verdict.
        const bool compiles = !driver || (needs && reach && *reach >= *needs);
        const ContainerFate fate{.fate = compiles ? CodeFate::compiled : CodeFate::driver_too_old,
                                 .needs = needs};
        // Of several pieces of PTX the one that asks least of the driver.
        const bool is_easier =
            fate.fate == best.fate && fate.needs && (!best.needs || *fate.needs < *best.needs);
        if (fate.fate < best.fate || is_easier) {
            best = fate;
        }
    }
    return best;
}

CodeVerdict verdict_of(const FileCode& code, const Gpu& gpu,
                       const std::optional<DriverVersion>& driver, const GpuTable& gpus,
                       const DriverTable& drivers) {
    CodeVerdict verdict;
    for (const auto& [entries, number] : code.containers) {
        if (!is_judged(entries)) {
            verdict.lto_ir += number;
            continue;
        }
        const ContainerFate fate = fate_of(entries, gpu, driver, gpus, drivers);
        if (fate.needs) {
            verdict.needs = std::max(verdict.needs, fate.needs);
        }
        switch (fate.fate) {
            case CodeFate::native:
                verdict.native += number;
                break;
            case CodeFate::compiled:
                verdict.compiled += number;
                break;
            case CodeFate::driver_too_old:
                verdict.driver_too_old += number;
                break;
            case CodeFate::none:
                verdict.none += number;
                break;
        }
    }
    for (const GpuTable::Model& model : gpus.models()) {
        const Gpu other{.name = {}, .capability = model.capability, .is_tegra = model.is_tegra};
        verdict.best = std::max(verdict.best, runnable(code, other, gpus, drivers));
    }
    return verdict;
}

CodeVerdict::Answer CodeVerdict::answer() const noexcept {
    if (judged() == 0) {
        return Answer::no_code;
    }
    const double share = static_cast<double>(runs()) / static_cast<double>(std::max(best, runs()));
    if (runs() == 0 || share < none_below) {
        return driver_too_old > 0 ? Answer::driver_too_old : Answer::none;
    }
    if (share < partial_below) {
        return Answer::partial;
    }
    return compiled > 0 ? Answer::ptx : Answer::native;
}

bool CodeVerdict::works() const noexcept {
    return answer() != Answer::driver_too_old && answer() != Answer::none;
}

}  // namespace envpack::cuda
