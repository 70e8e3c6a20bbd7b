// The kernel's half of the driver: the module, its device files, and NVSwitch's service.

#include "doctor_host.hpp"
#include "envpack/base/text.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using Status = DoctorCheck::Status;

/// `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.14  Thu Feb 22 …`: the fields are
/// divided by two spaces.
std::string version_of_nvrm(std::string_view line) {
    const std::size_t begin = line.find("  ");
    if (begin == std::string_view::npos) {
        return {};
    }
    const std::string_view rest = text::trim(line.substr(begin));
    return std::string(rest.substr(0, rest.find(' ')));
}

bool is_gpu_node(std::string_view name) {
    constexpr std::string_view front = "nvidia";
    return name.starts_with(front) && name.size() > front.size() &&
           std::ranges::all_of(name.substr(front.size()),
                               [](char c) { return c >= '0' && c <= '9'; });
}

/// How a container of this engine is given GPUs.
std::string_view flags_for(std::string_view engine) {
    if (engine == "podman") {
        return "podman run --device nvidia.com/gpu=all …";
    }
    if (engine == "kubernetes") {
        return "resources: {limits: {nvidia.com/gpu: 1}} in the pod";
    }
    if (engine == "apptainer") {
        return "apptainer exec --nv …";
    }
    if (engine == "singularity") {
        return "singularity exec --nv …";
    }
    return engine == "docker" ? "docker run --gpus all …"
                              : "start the container with its engine's option for GPUs";
}

}  // namespace

void check_kernel_driver(DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "kernel-driver";
    const std::string nvrm = host.first_line("/proc/driver/nvidia/version");
    std::string version = host.first_line("/sys/module/nvidia/version");
    if (version.empty()) {
        version = version_of_nvrm(nvrm);
    }
    if (!version.empty()) {
        host.driver_loaded = true;
        const auto parsed = cuda::DriverVersion::parse(version);
        if (!parsed) {
            add_check(report, id, Status::warning,
                      fmt::format("the driver calls itself `{}`, which is no version", version));
            return;
        }
        report.driver = *parsed;
        const bool is_open = nvrm.find("Open Kernel Module") != std::string::npos;
        add_check(report, id, Status::ok,
                  fmt::format("driver {}{}", version, is_open ? ", the open kernel module" : ""));
        return;
    }
    if (host.is_wsl || host.is_tegra) {
        add_check(report, id, Status::absent,
                  host.is_wsl ? "WSL uses the driver of Windows"
                              : "a Jetson's driver is part of its kernel");
        return;
    }
    if (host.pci.empty()) {
        add_check(report, id, Status::absent, "no driver is loaded, and there is no GPU");
        return;
    }
    if (host.has_folder("/sys/module/nouveau")) {
        add_check(
            report, id, Status::problem,
            "the kernel's nouveau driver holds the GPU: CUDA needs NVIDIA's",
            "install NVIDIA's driver from your distribution, which blocks nouveau, and reboot");
        return;
    }
    const bool is_installed = !host.program("nvidia-smi").empty();
    add_check(report, id, Status::problem,
              is_installed ? "NVIDIA's driver is installed but its kernel module is not loaded"
                           : "there is a GPU but no driver of NVIDIA's",
              is_installed
                  ? "sudo modprobe nvidia; where that fails, dmesg says why: a module that "
                    "is not signed for Secure Boot, or not built for this kernel"
                  : "install NVIDIA's driver from your distribution (Ubuntu: sudo "
                    "ubuntu-drivers install), and reboot");
}

void check_device_nodes(DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "device-nodes";
    const std::vector<std::string> devices = host.list("/dev");
    const auto nodes = static_cast<std::size_t>(std::ranges::count_if(devices, is_gpu_node));
    const auto control = host.info("/dev/nvidiactl");
    host.has_gpu_nodes = nodes > 0 && host.has_node("/dev/nvidiactl");
    if (!host.driver_loaded && !host.has_gpu_nodes) {
        add_check(report, id, Status::absent, "no driver is loaded that would have device files");
        return;
    }
    const std::string version = report.driver ? " " + report.driver->to_string() : "";
    // nvidia-modprobe belongs to root with setuid: the driver's libraries make what is missing.
    const bool are_made = !host.program("nvidia-modprobe").empty() && host.container.empty();
    const Status missing = are_made ? Status::warning : Status::problem;
    if (!host.has_gpu_nodes && !host.container.empty()) {
        add_check(
            report, id, Status::warning,
            fmt::format("the host has driver{}, but this container was given no GPU", version),
            flags_for(host.container));
    } else if (!host.has_gpu_nodes) {
        add_check(
            report, id, missing, "/dev/nvidiactl or /dev/nvidia0 is not there yet",
            "sudo nvidia-modprobe -c 0 -u, or sudo nvidia-smi; nvidia-persistenced does so at "
            "every start");
    } else if (control && !host.may_use(*control)) {
        add_check(report, id, Status::problem,
                  fmt::format("this user may not use /dev/nvidiactl (group {}, mode {:04o})",
                              control->gid, control->mode),
                  "sudo usermod -aG video $USER (the group of the file), and log in again");
    } else if (!host.has_node("/dev/nvidia-uvm")) {
        add_check(
            report, id, missing, "/dev/nvidia-uvm is not there: CUDA programs see no GPU",
            host.container.empty()
                ? "sudo nvidia-modprobe -u -c 0"
                : "on the host: sudo nvidia-modprobe -u -c 0; then start the container again");
    } else if (host.container.empty() && nodes < host.pci.size()) {
        add_check(
            report, id, Status::warning,
            fmt::format("{} GPUs on the bus, but device files of {} only", host.pci.size(), nodes),
            "sudo nvidia-smi; where one stays away, dmesg | grep NVRM says why");
    } else {
        add_check(report, id, Status::ok,
                  fmt::format("device files of {} GPUs, /dev/nvidiactl, /dev/nvidia-uvm", nodes));
    }
}

void check_fabric_manager(DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "fabric-manager";
    if (!host.has_nvswitch || !host.container.empty()) {
        add_check(report, id, Status::absent,
                  host.has_nvswitch ? "a container does not see the host's services"
                                    : "there is no NVSwitch");
        return;
    }
    for (const std::string& name : host.list("/proc")) {
        const bool is_process = name.front() >= '0' && name.front() <= '9';
        // The kernel keeps 15 bytes of a name.
        if (is_process && host.first_line("/proc/" + name + "/comm") == "nv-fabricmanage") {
            add_check(report, id, Status::ok, "nv-fabricmanager runs for the NVSwitches");
            return;
        }
    }
    add_check(
        report, id, Status::problem,
        "there are NVSwitches but no nv-fabricmanager: CUDA ends with error 802",
        "sudo systemctl enable --now nvidia-fabricmanager; its version has to be the driver's");
}

}  // namespace envpack::pipeline
