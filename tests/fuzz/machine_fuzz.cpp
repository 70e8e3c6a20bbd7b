// A file of a machine that the doctor reads: whatever is in it there is a report, with every check.

#include "envpack/archive/memory_tree.hpp"
#include "envpack/pipeline/doctor.hpp"
#include "fuzzing.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace envpack;
    constexpr std::array<const char*, 16> paths{"etc/cdi/nvidia.yaml",
                                                "etc/cdi/nvidia.json",
                                                "etc/docker/daemon.json",
                                                "etc/nvidia-container-runtime/config.toml",
                                                "etc/containers/containers.conf",
                                                "etc/containers/storage.conf",
                                                "etc/apptainer/apptainer.conf",
                                                "etc/apptainer/nvliblist.conf",
                                                "etc/subuid",
                                                "etc/passwd",
                                                "proc/mounts",
                                                "proc/1/cgroup",
                                                "proc/driver/nvidia/version",
                                                "proc/driver/nvidia/gpus/0000:01:00.0/information",
                                                "proc/sys/user/max_user_namespaces",
                                                "sys/module/nvidia/version"};
    if (size == 0) {
        return 0;
    }
    const auto tree = std::make_shared<archive::MemoryTree>();
    for (const char* program : {"podman", "docker", "apptainer", "enroot"}) {
        tree->add_file(std::string("usr/bin/") + program, "");
    }
    tree->add_file("etc/apptainer/apptainer.conf", "");
    tree->add_file(paths[data[0] % paths.size()],
                   std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
    const auto report = pipeline::examine({.files = tree, .uid = 1000}, {});
    ENVPACK_ASSERT(report.has_value());
    ENVPACK_ASSERT(report->find("gpu-probe") == &report->checks.back());
    for (const pipeline::DoctorCheck& check : report->checks) {
        ENVPACK_ASSERT(std::ranges::none_of(check.text, [](char c) { return c >= 0 && c < ' '; }));
    }
    ENVPACK_ASSERT(json::parse(json::to_pretty(report->to_json())).has_value());
    return 0;
}
