// What variables and mounts of a container hide from programs that find a working driver.

#include "doctor_host.hpp"
#include "envpack/base/text.hpp"
#include "envpack/cuda/driver_table.hpp"
#include "envpack/env/cuda_facts.hpp"
#include "report_text.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using Status = DoctorCheck::Status;

/// nullptr when it is unset, which is not the same as empty.
const std::string* variable_of(const DoctorHost& host, std::string_view name) {
    const auto found = host.config.environment.find(name);
    return found == host.config.environment.end() ? nullptr : &found->second;
}

/// NVIDIA_VISIBLE_DEVICES and NVIDIA_DRIVER_CAPABILITIES, which an image or its user sets for the
/// container toolkit.
void check_toolkit_variables(const DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "nvidia-visible-devices";
    const std::string* const devices = variable_of(host, "NVIDIA_VISIBLE_DEVICES");
    const std::string* const parts = variable_of(host, "NVIDIA_DRIVER_CAPABILITIES");
    if (host.container.empty() || (devices == nullptr && parts == nullptr)) {
        add_check(report, id, Status::absent,
                  host.container.empty() ? "only counts inside a container"
                                         : "NVIDIA_VISIBLE_DEVICES is not set");
        return;
    }
    const std::string shown = devices == nullptr ? "not set" : "`" + *devices + "`";
    // CDI sets `void` beside the devices that it mounts, so that the older hook stays away.
    if (devices != nullptr && !host.has_gpu_nodes &&
        (devices->empty() || *devices == "void" || *devices == "none")) {
        add_check(report, id, Status::warning,
                  fmt::format("NVIDIA_VISIBLE_DEVICES is {}: the container asks for no GPU", shown),
                  "start the container with -e NVIDIA_VISIBLE_DEVICES=all, or ask its engine for "
                  "GPUs");
        return;
    }
    bool computes = parts == nullptr || parts->empty();
    const std::string_view list = parts == nullptr ? std::string_view{} : *parts;
    for (const std::string_view part : text::split(list, ',')) {
        computes = computes || text::trim(part) == "all" || text::trim(part) == "compute";
    }
    if (!computes) {
        add_check(report, id, Status::warning,
                  fmt::format("NVIDIA_DRIVER_CAPABILITIES is `{}`, without `compute`: no libcuda",
                              *parts),
                  "start the container with -e NVIDIA_DRIVER_CAPABILITIES=compute,utility");
        return;
    }
    add_check(report, id, Status::ok, fmt::format("NVIDIA_VISIBLE_DEVICES is {}", shown));
}

/// What is wrong with CUDA_VISIBLE_DEVICES; empty when nothing is. CUDA takes the list up to the
/// first entry that it does not understand.
std::string fault_of_cuda_devices(const std::string& list, std::size_t gpus) {
    if (text::trim(list).empty()) {
        return "it is empty: CUDA sees no GPU";
    }
    for (const std::string_view piece : text::split(list, ',')) {
        const std::string_view device = text::trim(piece);
        if (device.starts_with("GPU-") || device.starts_with("MIG-")) {
            continue;
        }
        int index = -1;
        const auto [end, failed] =
            std::from_chars(device.data(), device.data() + device.size(), index);
        if (failed != std::errc() || end != device.data() + device.size()) {
            return fmt::format("`{}` is no index and no UUID: it and all behind it are ignored",
                               device);
        }
        if (index < 0) {
            return fmt::format("`{}` hides all GPUs behind it", device);
        }
        if (gpus > 0 && static_cast<std::size_t>(index) >= gpus) {
            return fmt::format("there is no GPU {}: it and all behind it are ignored", index);
        }
    }
    return {};
}

void check_cuda_variable(const DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "cuda-visible-devices";
    const std::string* const list = variable_of(host, "CUDA_VISIBLE_DEVICES");
    if (list == nullptr) {
        add_check(report, id, Status::absent, "CUDA_VISIBLE_DEVICES is not set: nothing is hidden");
        return;
    }
    const std::string fault = fault_of_cuda_devices(*list, report.gpus.size());
    add_check(
        report, id, fault.empty() ? Status::ok : Status::warning,
        fmt::format("CUDA_VISIBLE_DEVICES is `{}`{}", *list, fault.empty() ? "" : ": " + fault),
        fault.empty() ? "" : "unset CUDA_VISIBLE_DEVICES, or name GPUs from 0 on");
}

/// The size option of a tmpfs, in bytes; 0 where it is not told.
std::uint64_t size_of_mount(std::string_view options) {
    for (const std::string_view option : text::split(options, ',')) {
        if (!option.starts_with("size=")) {
            continue;
        }
        std::uint64_t size = 0;
        const std::string_view digits = option.substr(5);
        const auto [end, failed] =
            std::from_chars(digits.data(), digits.data() + digits.size(), size);
        if (failed == std::errc() && end + 1 == digits.data() + digits.size() &&
            size < (std::uint64_t{1} << 50)) {
            return *end == 'k' ? size << 10 : *end == 'm' ? size << 20 : 0;
        }
    }
    return 0;
}

void check_shared_memory(const DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "shared-memory";
    constexpr std::uint64_t usual = std::uint64_t{64} << 20;  // of docker and podman
    if (host.container.empty()) {
        add_check(report, id, Status::absent, "only small inside a container");
        return;
    }
    std::uint64_t size = 0;
    const HostText mounts = host.read("/proc/mounts");
    for (const std::string_view line : text::lines(mounts.text)) {
        const auto fields = text::split(line, ' ');
        if (fields.size() > 3 && fields[1] == "/dev/shm") {
            size = size_of_mount(fields[3]);
        }
    }
    if (size == 0 || size > usual) {
        add_check(report, id, Status::ok,
                  size == 0 ? "/dev/shm is not limited" : "/dev/shm has " + byte_count(size));
        return;
    }
    add_check(report, id, Status::warning,
              fmt::format("/dev/shm has {}: PyTorch's data loaders and NCCL end with a bus error",
                          byte_count(size)),
              "start the container with --shm-size=1g or --ipc=host");
}

}  // namespace

void check_visibility(DoctorHost& host, DoctorReport& report) {
    check_toolkit_variables(host, report);
    check_cuda_variable(host, report);
    check_shared_memory(host, report);
}

Result<void> check_cuda_toolkit(DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "cuda-toolkit";
    env::Environment environment;
    if (const std::string* const told = variable_of(host, "CUDA_VERSION")) {
        environment.emplace("CUDA_VERSION", *told);
    }
    ENVPACK_TRY(const cuda::DriverTable table, cuda::DriverTable::load());
    const auto facts = env::cuda_facts(host.files, environment, {}, host.run);
    if (!facts && facts.error().code() == ErrorCode::cancelled) {
        return fail(facts.error());
    }
    const auto toolkit = facts ? facts->cuda() : std::nullopt;
    if (!toolkit) {
        add_check(report, id, Status::absent,
                  "no CUDA toolkit; only compiling needs one, wheels bring what they need");
        return {};
    }
    const std::string where = facts->toolkit.front().where;
    const auto version = toolkit->to_string();
    if (!report.driver || host.compat >= toolkit->minor_version()) {
        add_check(report, id, Status::ok, fmt::format("CUDA {} ({})", version, where));
        return {};
    }
    const cuda::DriverAnswer answer = table.answer(*report.driver, *toolkit);
    const std::string needs =
        answer.needs ? fmt::format("driver {} or newer", answer.needs->to_string()) : "";
    const std::string driver = report.driver->to_string();
    if (answer.kind == cuda::DriverAnswer::Kind::no) {
        add_check(report, id, Status::problem,
                  fmt::format("what CUDA {} ({}) compiles does not run on driver {}", version,
                              where, driver),
                  needs.empty() ? "a newer driver" : needs);
    } else if (answer.kind == cuda::DriverAnswer::Kind::reduced) {
        add_check(report, id, Status::warning,
                  fmt::format("CUDA {} ({}) is newer than driver {}: its PTX is not compiled",
                              version, where, driver),
                  needs + "; or compile for the GPU itself: nvcc -arch=native");
    } else {
        add_check(report, id, Status::ok,
                  fmt::format("CUDA {} ({}), which driver {} runs", version, where, driver));
    }
    return {};
}

}  // namespace envpack::pipeline
