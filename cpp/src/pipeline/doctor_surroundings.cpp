// Where the process is: container, WSL, Jetson; and the GPUs that the buses of the machine show.

#include "doctor_host.hpp"
#include "envpack/base/text.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using Status = DoctorCheck::Status;

constexpr std::size_t max_gpus_told = 16;

/// The engine that runs this container; empty outside of one. Marker files first: they are made on
/// purpose. Names of cgroups come last, since with cgroup v2 and a namespace of its own a
/// container sees none.
std::string container_of(const DoctorHost& host) {
    const UserConfig& variables = host.config;
    if (!variables.variable("APPTAINER_CONTAINER").empty()) {
        return "apptainer";
    }
    if (!variables.variable("SINGULARITY_CONTAINER").empty()) {
        return "singularity";
    }
    if (host.has("/run/.containerenv")) {
        return "podman";
    }
    if (!variables.variable("KUBERNETES_SERVICE_HOST").empty()) {
        return "kubernetes";
    }
    if (host.has("/.dockerenv")) {
        return "docker";
    }
    if (const std::string_view named = variables.variable("container"); !named.empty()) {
        return text::printable(named,
                               40);  // systemd's convention: podman, lxc, oci, systemd-nspawn
    }
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> cgroups{
        {{"kubepods", "kubernetes"},
         {"docker", "docker"},
         {"libpod", "podman"},
         {"containerd", "containerd"},
         {"/lxc", "lxc"},
         {"buildkit", "buildkit"}}};
    const HostText cgroup = host.read("/proc/1/cgroup");
    for (const auto& [part, engine] : cgroups) {
        if (cgroup.text.find(part) != std::string::npos) {
            return std::string(engine);
        }
    }
    return {};
}

/// GPUs are display controllers, class 0x03; NVSwitches are bridges of another kind, 0x0680.
void look_at_pci(DoctorHost& host) {
    constexpr std::string_view folder = "/sys/bus/pci/devices";
    for (const std::string& name : host.list(std::string(folder))) {
        const std::string device = fmt::format("{}/{}", folder, name);
        if (host.first_line(device + "/vendor") != "0x10de") {
            continue;
        }
        const std::string kind = host.first_line(device + "/class");
        if (kind.starts_with("0x03")) {
            host.pci.push_back(name);
        }
        host.has_nvswitch = host.has_nvswitch || kind.starts_with("0x0680");
    }
}

}  // namespace

void check_surroundings(DoctorHost& host, DoctorReport& report) {
    host.container = host.is_this_machine ? container_of(host) : std::string();
    report.container = host.container;
    host.is_wsl = text::to_lower(host.first_line("/proc/sys/kernel/osrelease")).find("microsoft") !=
                      std::string::npos ||
                  host.has_node("/dev/dxg");
    host.is_tegra =
        host.has("/etc/nv_tegra_release") ||
        host.read("/proc/device-tree/compatible").text.find("nvidia,tegra") != std::string::npos;
    look_at_pci(host);
    if (host.container.empty()) {
        add_check(report, "container", Status::absent, "not inside a container");
        return;
    }
    add_check(report, "container", Status::ok,
              fmt::format("inside a container ({}): the driver is the host's, and what the host's "
                          "engines are configured with is not to be seen",
                          host.container));
}

void check_hardware(DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "gpu-hardware";
    if (!host.pci.empty()) {
        std::string where = host.pci.front();
        for (std::size_t i = 1; i < host.pci.size() && i < max_gpus_told; ++i) {
            where += ", " + host.pci[i];
        }
        add_check(report, id, Status::ok,
                  fmt::format("{} of NVIDIA's GPUs on the PCI bus: {}", host.pci.size(), where));
    } else if (host.is_tegra) {
        add_check(report, id, Status::ok, "a Jetson: its GPU is part of the processor");
    } else if (!host.is_wsl) {
        add_check(report, id, Status::absent, "no GPU of NVIDIA's was found on this machine");
    } else if (!host.has_node("/dev/dxg")) {
        add_check(report, id, Status::warning, "this is WSL without /dev/dxg, so without a GPU",
                  "on Windows: wsl --update; a distribution of WSL 1 has to become one of WSL 2");
    } else if (!host.has_node("/usr/lib/wsl/lib/libcuda.so.1")) {
        add_check(report, id, Status::warning,
                  "this is WSL, and the driver of Windows brought no libcuda.so.1",
                  "install NVIDIA's driver on Windows, never one inside WSL; then wsl --shutdown");
    } else {
        add_check(report, id, Status::ok, "WSL: the GPU is reached through /dev/dxg");
    }
}

}  // namespace envpack::pipeline
