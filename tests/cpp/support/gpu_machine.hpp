#pragma once

#include "envpack/archive/memory_tree.hpp"
#include "envpack/pipeline/doctor.hpp"
#include "support/fake_driver.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::test {

/// A machine in memory that tests take things away from. As it is made: one H100, driver 550.54.14,
/// the container toolkit with a CDI spec, and every container engine; nothing wrong.
struct GpuMachine {
    std::map<std::string, std::string> files;
    std::map<std::string, std::string> links;
    std::map<std::string, std::uint32_t> nodes;  ///< devices and sockets, with their mode
    std::map<std::string, std::string> environment;
    std::uint64_t uid = 1000;
    bool asks_driver = true;

    static constexpr const char* spec_text = R"(---
cdiVersion: 0.5.0
containerEdits:
  deviceNodes:
  - path: /dev/nvidia-uvm
  - path: /dev/nvidiactl
  env:
  - NVIDIA_VISIBLE_DEVICES=void
  hooks:
  - args:
    - nvidia-cdi-hook
    - create-symlinks
    - --link
    - ../libnvidia-allocator.so.1::/usr/lib/x86_64-linux-gnu/gbm/nvidia-drm_gbm.so
    hookName: createContainer
    path: /usr/bin/nvidia-ctk
  - args:
    - nvidia-cdi-hook
    - enable-cuda-compat
    - --host-driver-version=550.54.14
    hookName: createContainer
    path: /usr/bin/nvidia-ctk
  mounts:
  - containerPath: /usr/bin/nvidia-smi
    hostPath: /usr/bin/nvidia-smi
    options:
    - ro
    - nosuid
  - containerPath: /usr/lib/x86_64-linux-gnu/libcuda.so.550.54.14
    hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.550.54.14
    options:
    - ro
devices:
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
  name: "0"
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
  name: all
kind: nvidia.com/gpu
)";

    GpuMachine() {
        FakeDriver::current() = {};
        const std::string gpu = "sys/bus/pci/devices/0000:01:00.0/";
        files[gpu + "vendor"] = "0x10de\n";
        files[gpu + "class"] = "0x030200\n";
        files["sys/module/nvidia/version"] = "550.54.14\n";
        files["proc/driver/nvidia/version"] =
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.14  Release Build\n";
        files["proc/driver/nvidia/gpus/0000:01:00.0/information"] =
            "Model: \t\t NVIDIA H100 80GB HBM3\nIRQ:   \t\t 44\nGPU UUID: \t GPU-1\n";
        for (const char* node : {"nvidia0", "nvidiactl", "nvidia-uvm"}) {
            nodes[std::string("dev/") + node] = 0666;
        }
        files["usr/lib/x86_64-linux-gnu/libcuda.so.550.54.14"] = "";
        links["usr/lib/x86_64-linux-gnu/libcuda.so.1"] = "libcuda.so.550.54.14";
        for (const char* program :
             {"nvidia-smi", "nvidia-ctk", "nvidia-container-runtime", "nvidia-container-cli",
              "nvidia-container-runtime-hook", "docker", "podman", "crun", "newuidmap", "newgidmap",
              "apptainer", "enroot"}) {
            files[std::string("usr/bin/") + program] = "";
        }
        files["etc/cdi/nvidia.yaml"] = spec_text;
        files["etc/nvidia-container-runtime/config.toml"] =
            "[nvidia-container-runtime]\nmode = \"auto\"\n";
        files["etc/docker/daemon.json"] =
            R"({"runtimes": {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}})";
        nodes["var/run/docker.sock"] = 0666;
        files["etc/passwd"] = "root:x:0:0::/root:/bin/sh\nmina:x:1000:1000::/home/mina:/bin/sh\n";
        files["etc/subuid"] = files["etc/subgid"] = "mina:100000:65536\n";
        files["etc/apptainer/apptainer.conf"] = "# comment\nuse nvidia-container-cli = no\n";
        files["etc/apptainer/nvliblist.conf"] = "nvidia-smi\nlibcuda.so\n";
        files["etc/enroot/enroot.conf"] = "";
        files["etc/enroot/hooks.d/98-nvidia.sh"] = "";
        files["proc/sys/user/max_user_namespaces"] = "15000\n";
        environment["HOME"] = "/home/mina";
        environment["PATH"] = "/usr/bin";
    }

    /// The same as a container sees it that was given the GPU.
    void into_container() {
        nodes[".dockerenv"] = 0644;
        files.erase("usr/bin/docker");
        files.erase("etc/docker/daemon.json");
        files["proc/mounts"] = "shm /dev/shm tmpfs rw,nosuid,size=65536k 0 0\n";
    }

    pipeline::DoctorReport report(const pipeline::DoctorOptions& options = {}) const {
        const auto tree = std::make_shared<archive::MemoryTree>();
        for (const auto& [path, text] : files) {
            tree->add_file(path, text);
        }
        for (const auto& [path, target] : links) {
            tree->add_symlink(path, target);
        }
        for (const auto& [path, mode] : nodes) {
            tree->add(SafePath::parse(path).value(),
                      {.type = archive::FileType::other, .mode = mode});
        }
        pipeline::DoctorMachine machine{.files = tree, .uid = uid, .gids = {uid}};
        for (const auto& [name, value] : environment) {
            machine.user.environment.emplace(name, value);
        }
        if (asks_driver) {
            machine.libraries = FakeDriver::loader();
        }
        return pipeline::examine(machine, options).value();
    }
};

/// `status: text | fix` of a check.
inline std::string told(const pipeline::DoctorReport& report, std::string_view id) {
    const pipeline::DoctorCheck* const check = report.find(id);
    return check == nullptr
               ? "no such check"
               : std::string(to_string(check->status)) + ": " + check->text + " | " + check->fix;
}

/// A machine with one thing changed, and how the check that finds it begins.
struct Row {
    const char* name;
    std::function<void(GpuMachine&)> change;
    const char* id;
    const char* begins;
    const char* fix = "";  ///< is part of
    pipeline::DoctorOptions options = {};
};

inline void expect_rows(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        GpuMachine machine;
        row.change(machine);
        const pipeline::DoctorReport report = machine.report(row.options);
        const std::string text = told(report, row.id);
        EXPECT_EQ(text.substr(0, std::string_view(row.begins).size()), row.begins) << row.name;
        EXPECT_NE(text.find(row.fix, text.find(" | ")), std::string::npos) << row.name << text;
    }
}

}  // namespace envpack::test
