// The driver's other half: its libraries, what follows from their versions, and the GPUs.

#include "doctor_host.hpp"
#include "envpack/base/text.hpp"
#include "envpack/cuda/driver_table.hpp"
#include "envpack/cuda/gpu_table.hpp"
#include "report_text.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using Status = DoctorCheck::Status;

struct DriverLibraries {
    cuda::DriverLibraryFacts facts = {};
    bool asked = false;
    std::string hangs = {};  ///< why there is no answer
    bool reached() const noexcept { return facts.nvml && facts.nvml->failure == 0; }
};

/// A container that its engine has handed no GPU to. WSL and Jetsons have other device files.
bool no_gpu_given(const DoctorHost& host) {
    return !host.container.empty() && !host.has_gpu_nodes && !host.is_wsl && !host.is_tegra;
}

bool is_compat(std::string_view path) {
    return path.find("/compat/") != std::string_view::npos;
}

/// Of `…/libcuda.so.550.54.14`.
std::optional<cuda::DriverVersion> version_in_name(std::string_view path) {
    const std::size_t at = path.rfind(".so.");
    if (at == std::string_view::npos) {
        return std::nullopt;
    }
    const auto version = cuda::DriverVersion::parse(path.substr(at + 4));
    return version && version->minor ? std::optional(*version) : std::nullopt;
}

/// What the loader would take for a library of the driver, by links alone.
std::string library_file(const DoctorHost& host, std::string_view name) {
    constexpr std::array<std::string_view, 6> folders{
        "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu", "usr/lib64", "usr/lib",
        "lib/x86_64-linux-gnu",     "usr/local/nvidia/lib64"};
    for (const std::string_view folder : folders) {
        const auto path = SafePath::normalize(fmt::format("{}/{}", folder, name));
        const auto target = archive::resolve(host.files, *path);
        if (target && *target && host.has_node((*target)->str())) {
            return "/" + (*target)->str();
        }
    }
    return {};
}

void check_library(const DoctorHost& host, DoctorReport& report, const DriverLibraries& libraries) {
    constexpr std::string_view id = "driver-library";
    const cuda::DriverLibraryFacts& facts = libraries.facts;
    const bool expected = host.driver_loaded || host.has_gpu_nodes;
    const bool not_given = no_gpu_given(host);
    if (!libraries.hangs.empty()) {
        add_check(report, id, Status::problem, libraries.hangs,
                  "dmesg | grep -e NVRM -e Xid says why; most often only a reboot helps");
    } else if (!libraries.asked) {
        add_check(report, id, Status::absent, "libraries of another root are not loaded");
    } else if (libraries.reached()) {
        if (facts.cuda) {
            add_check(
                report, id, Status::ok,
                fmt::format("{} and {} are loaded and answer", facts.nvml->path, facts.cuda->path));
        } else {
            add_check(
                report, id, Status::problem, "libcuda.so.1 is not there: no CUDA program runs",
                host.container.empty()
                    ? "install the driver's compute part (Debian: libcuda1, Ubuntu: "
                      "libnvidia-compute-…, Fedora: …-cuda)"
                    : "start the container with -e NVIDIA_DRIVER_CAPABILITIES=compute,utility");
        }
    } else if (facts.nvml && facts.nvml->failure == cuda::NvmlFacts::version_mismatch) {
        add_check(report, id, Status::problem,
                  fmt::format("NVML of {} says: {}", facts.nvml->path, facts.nvml->reason),
                  host.container.empty()
                      ? "reboot, or unload and load the module: sudo rmmod nvidia_uvm nvidia_drm "
                        "nvidia_modeset nvidia && sudo modprobe nvidia"
                      : "make the CDI spec of the host again, and start the container again");
    } else if (facts.nvml && expected && !not_given) {
        add_check(
            report, id, Status::problem,
            fmt::format("NVML of {} says: {}", facts.nvml->path, facts.nvml->reason),
            host.container.empty()
                ? "dmesg | grep NVRM says why"
                : "start the container again: one that was started without CDI loses its GPUs "
                  "when systemd reloads");
    } else if (facts.cuda && (expected || host.is_wsl || host.is_tegra)) {
        add_check(report, id, host.is_tegra ? Status::ok : Status::warning,
                  fmt::format("{} is there, libnvidia-ml.so.1 is not: nvidia-smi does not work",
                              facts.cuda->path),
                  host.container.empty()
                      ? ""
                      : "start the container with -e NVIDIA_DRIVER_CAPABILITIES=compute,utility");
    } else if (host.driver_loaded && !not_given) {
        add_check(report, id, Status::problem,
                  fmt::format("the driver's libraries are not found: {}", facts.no_nvml),
                  host.container.empty()
                      ? "install the driver's libraries in the version of the kernel module"
                      : "start the container with -e NVIDIA_DRIVER_CAPABILITIES=compute,utility");
    } else {
        add_check(report, id, Status::absent,
                  not_given && host.driver_loaded ? "a container without GPUs has none"
                                                  : "there is no driver that could be asked");
    }
}

void check_versions(const DoctorHost& host, DoctorReport& report,
                    const DriverLibraries& libraries) {
    constexpr std::string_view id = "driver-versions";
    std::vector<std::string> paths;
    if (libraries.facts.nvml) {
        paths.push_back(libraries.facts.nvml->path);
    }
    if (libraries.facts.cuda && !is_compat(libraries.facts.cuda->path)) {
        paths.push_back(libraries.facts.cuda->path);
    }
    if (paths.empty()) {
        for (const std::string_view name : {"libnvidia-ml.so.1", "libcuda.so.1"}) {
            paths.push_back(library_file(host, name));
        }
    }
    std::string same;
    for (const std::string& path : paths) {
        const auto version = version_in_name(path);
        if (!version || !report.driver) {
            continue;
        }
        if (*version != *report.driver) {
            add_check(report, id, Status::problem,
                      fmt::format("the kernel has driver {}, but {} is of another one",
                                  report.driver->to_string(), path),
                      host.container.empty()
                          ? "reboot: the driver was updated while its old module was in use"
                          : "remove the driver's libraries from the image: the engine mounts those "
                            "of the host");
            return;
        }
        same = version->to_string();
    }
    add_check(report, id, same.empty() ? Status::absent : Status::ok,
              same.empty() ? "there are no two versions to compare"
                           : fmt::format("kernel module and libraries are both {}", same));
}

Result<void> check_reach(DoctorReport& report, const DriverLibraries& libraries) {
    ENVPACK_TRY(const cuda::DriverTable table, cuda::DriverTable::load());
    const bool has_compat = libraries.facts.cuda && is_compat(libraries.facts.cuda->path);
    if (libraries.reached()) {
        // NVML asks libcuda itself: with cuda-compat in force that is not the driver's own word.
        report.cuda = has_compat ? std::nullopt : libraries.facts.nvml->cuda;
        if (!report.driver) {
            const auto version = cuda::DriverVersion::parse(libraries.facts.nvml->driver);
            report.driver = version ? std::optional(*version) : std::nullopt;
        }
    }
    if (report.driver && !report.cuda) {
        report.cuda = table.reach(*report.driver);
    }
    if (!report.cuda && libraries.facts.cuda && !has_compat) {
        report.cuda = libraries.facts.cuda->cuda;
    }
    constexpr std::string_view id = "cuda-reach";
    if (!report.cuda) {
        add_check(report, id, report.driver ? Status::warning : Status::absent,
                  report.driver
                      ? fmt::format("which CUDA driver {} runs is not known: it is older than "
                                    "every one that is",
                                    report.driver->to_string())
                      : "without a driver no CUDA program runs");
        return {};
    }
    const std::string driver = report.driver ? " " + report.driver->to_string() : "";
    // Minor-version compatibility is there from CUDA 11 on.
    add_check(report, id, Status::ok,
              report.cuda->major < 11
                  ? fmt::format("driver{} runs CUDA up to {}", driver, report.cuda->to_string())
                  : fmt::format("driver{} runs CUDA up to {}; of newer {}.x what was compiled for "
                                "the GPU, but no PTX",
                                driver, report.cuda->to_string(), report.cuda->major));
    return {};
}

void check_compat(DoctorHost& host, DoctorReport& report, const DriverLibraries& libraries) {
    constexpr std::string_view id = "cuda-compat";
    const auto& library = libraries.facts.cuda;
    if (!library || !is_compat(library->path)) {
        add_check(report, id, Status::absent, "no libcuda.so.1 of a cuda-compat package is in use");
        return;
    }
    const bool is_geforce = std::ranges::any_of(report.gpus, [](const DoctorGpu& gpu) {
        return gpu.name.find("GeForce") != std::string::npos;
    });
    const std::string version = library->cuda ? library->cuda->to_string() : "?";
    const std::string_view fix =
        "take the folder out of LD_LIBRARY_PATH and /etc/ld.so.conf.d, and run ldconfig";
    const auto made_for = version_in_name(library->path);
    const bool is_older = made_for && report.driver
                              ? !made_for->reaches(*report.driver)
                              : library->cuda && report.cuda && *library->cuda < *report.cuda;
    if (is_older) {
        add_check(report, id, Status::problem,
                  fmt::format("{} (CUDA {}) is older than the driver and in the way of its own: "
                              "CUDA ends with error 803",
                              library->path, version),
                  fix);
    } else if (is_geforce) {
        add_check(
            report, id, Status::problem,
            fmt::format("{} is for data-centre GPUs only: CUDA ends with error 804 on GeForce",
                        library->path),
            fix);
    } else {
        host.compat = library->cuda;
        add_check(report, id, Status::ok,
                  fmt::format("forward compatibility: {} gives this driver CUDA {}", library->path,
                              version));
    }
}

/// GPUs as the kernel module lists them, for where NVML is not to be asked.
void gpus_of_proc(const DoctorHost& host, DoctorReport& report, const cuda::GpuTable& table) {
    constexpr std::string_view folder = "/proc/driver/nvidia/gpus";
    for (const std::string& bus : host.list(std::string(folder))) {
        const HostText facts = host.read(fmt::format("{}/{}/information", folder, bus));
        DoctorGpu gpu;
        for (const std::string_view line : text::lines(facts.text)) {
            const std::size_t colon = line.find(':');
            const std::string_view key = text::trim(line.substr(0, colon));
            const std::string_view value =
                colon == std::string_view::npos ? "" : text::trim(line.substr(colon + 1));
            if (key == "Model") {
                gpu.name = text::printable(value);
            } else if (key == "GPU UUID") {
                gpu.uuid = text::printable(value);
            }
        }
        if (gpu.name.empty()) {
            continue;
        }
        if (const auto known = table.find(gpu.name)) {
            gpu.capability = known->capability;
            gpu.is_from_table = true;
        }
        report.gpus.push_back(std::move(gpu));
    }
}

std::string gpu_words(const DoctorGpu& gpu) {
    std::string facts = gpu.capability ? gpu.capability->to_string() : "capability not known";
    if (gpu.memory > 0) {
        facts += ", " + byte_count(gpu.memory);
    }
    return fmt::format("{} ({})", gpu.name, facts);
}

/// Equal ones together: `8 x NVIDIA H100 80GB HBM3 (9.0, 85.0 GB)`.
std::string all_gpu_words(const std::vector<DoctorGpu>& gpus) {
    std::vector<std::pair<std::string, int>> kinds;
    for (const DoctorGpu& gpu : gpus) {
        const std::string words = gpu_words(gpu);
        const auto same = std::ranges::find(kinds, words, &std::pair<std::string, int>::first);
        if (same == kinds.end()) {
            kinds.emplace_back(words, 1);
        } else {
            ++same->second;
        }
    }
    std::vector<std::string> pieces;
    for (const auto& [words, count] : kinds) {
        pieces.push_back(count == 1 ? words : fmt::format("{} x {}", count, words));
    }
    return text::join(pieces, ", ");
}

Result<void> check_gpus(const DoctorHost& host, DoctorReport& report,
                        const DriverLibraries& libraries, bool is_wanted) {
    constexpr std::string_view id = "gpus";
    ENVPACK_TRY(const cuda::GpuTable table, cuda::GpuTable::load());
    std::string undivided;
    if (libraries.reached()) {
        for (const cuda::DriverGpu& gpu : libraries.facts.nvml->gpus) {
            report.gpus.push_back({.name = gpu.name,
                                   .uuid = gpu.uuid,
                                   .capability = gpu.capability,
                                   .memory = gpu.memory});
            if (gpu.mig_devices == 0U) {
                undivided = gpu.name;
            }
        }
    } else if (!no_gpu_given(host)) {
        gpus_of_proc(host, report, table);  // it also has those that a container was not given
    }
    const auto lost = libraries.reached() ? libraries.facts.nvml->lost : std::vector<std::string>{};
    if (!lost.empty()) {
        add_check(report, id, Status::problem, text::join(lost, "; "),
                  "dmesg | grep -e NVRM -e Xid says why; reset or reboot");
    } else if (report.gpus.empty()) {
        const bool is_missed = host.driver_loaded && !no_gpu_given(host);
        add_check(report, id,
                  is_wanted   ? Status::problem
                  : is_missed ? Status::warning
                              : Status::absent,
                  "there is no GPU that a program here could use",
                  is_wanted ? "the checks above say what is missing" : "");
    } else if (!undivided.empty()) {
        add_check(report, id, Status::problem,
                  fmt::format("{} is in MIG mode without an instance: CUDA sees no device in it",
                              undivided),
                  "sudo nvidia-smi mig -cgi PROFILE -C makes one, sudo nvidia-smi -mig 0 ends it");
    } else if (host.container.empty() && report.gpus.size() < host.pci.size()) {
        add_check(report, id, Status::warning,
                  fmt::format("{} GPUs on the bus, of which the driver has {}: {}", host.pci.size(),
                              report.gpus.size(), all_gpu_words(report.gpus)),
                  "dmesg | grep -e NVRM -e Xid says why");
    } else {
        add_check(report, id, Status::ok, all_gpu_words(report.gpus));
    }
    return {};
}

}  // namespace

Result<void> check_driver_libraries(DoctorHost& host, DoctorReport& report,
                                    const DoctorOptions& options) {
    DriverLibraries libraries;
    if (host.machine.libraries) {
        libraries.asked = true;
        auto facts =
            cuda::ask_driver_libraries(host.machine.libraries, options.timeout_seconds, host.run);
        if (facts) {
            libraries.facts = *std::move(facts);
        } else if (facts.error().code() == ErrorCode::limit_exceeded) {
            libraries.hangs = facts.error().message();
        } else {
            return fail(std::move(facts).error());
        }
    }
    check_library(host, report, libraries);
    check_versions(host, report, libraries);
    ENVPACK_CHECK(check_reach(report, libraries));
    ENVPACK_CHECK(check_gpus(host, report, libraries, options.gpu));
    check_compat(host, report, libraries);
    return {};
}

}  // namespace envpack::pipeline
