// podman's configuration, and what every engine without root needs of the system.

#include "doctor_host.hpp"
#include "envpack/base/text.hpp"
#include "envpack/base/toml.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using Status = DoctorCheck::Status;

/// A configuration file of containers/common, read.
struct ContainersFile {
    std::string path;
    json::Value table = {};
    std::string fault = {};
};

/// In the order in which they count: what a later one says replaces what an earlier one does.
std::vector<ContainersFile> files_named(const DoctorHost& host, std::string_view name) {
    std::vector<std::string> paths{fmt::format("/usr/share/containers/{}", name),
                                   fmt::format("/etc/containers/{}", name)};
    const auto add_folder = [&](const std::string& folder) {
        for (const std::string& file : host.list(folder)) {
            if (file.ends_with(".conf")) {
                paths.push_back(fmt::format("{}/{}", folder, file));
            }
        }
    };
    add_folder(fmt::format("/etc/containers/{}.d", name));
    if (const std::string own = host.user_path("containers"); !own.empty()) {
        paths.push_back(fmt::format("{}/{}", own, name));
        add_folder(fmt::format("{}/{}.d", own, name));
    }
    std::vector<ContainersFile> files;
    for (const std::string& path : paths) {
        const HostText text = host.read(path);
        if (text.state == HostText::State::absent) {
            continue;
        }
        ContainersFile file{.path = path, .fault = text.why};
        if (text.was_read()) {
            if (auto table = toml::parse(text.text)) {
                file.table = *std::move(table);
            } else {
                file.fault = fmt::format("{} is no TOML: {}", path, table.error().message());
            }
        }
        files.push_back(std::move(file));
    }
    return files;
}

/// `table.key` of the last file that has it; nullptr when none has.
const json::Value* last_value(const std::vector<ContainersFile>& files, std::string_view table,
                              std::string_view key) {
    const json::Value* found = nullptr;
    for (const ContainersFile& file : files) {
        const json::Value* const section = file.table.find(table);
        const json::Value* const value = section == nullptr ? nullptr : section->find(key);
        found = value == nullptr ? found : value;
    }
    return found;
}

std::vector<std::string> texts_of(const json::Value* value) {
    std::vector<std::string> texts;
    const json::Array* const items = value == nullptr ? nullptr : value->as_array();
    for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
        if ((*items)[i].as_string() != nullptr) {
            texts.push_back(*(*items)[i].as_string());
        }
    }
    return texts;
}

/// A hook for GPUs beside CDI: both put the driver into the container.
std::string nvidia_hook(const DoctorHost& host, const json::Value* configured) {
    std::vector<std::string> folders = texts_of(configured);
    if (folders.empty()) {
        folders = {"/usr/share/containers/oci/hooks.d", "/etc/containers/oci/hooks.d"};
    }
    for (const std::string& folder : folders) {
        for (const std::string& name : host.list(folder)) {
            if (!name.ends_with(".json")) {
                continue;
            }
            std::string path = fmt::format("{}/{}", folder, name);
            if (host.read(path).text.find("nvidia-container") != std::string::npos) {
                return path;
            }
        }
    }
    return {};
}

std::string fault_of(const std::vector<ContainersFile>& files) {
    const auto broken =
        std::ranges::find_if(files, [](const ContainersFile& file) { return !file.fault.empty(); });
    return broken == files.end() ? std::string() : broken->fault;
}

void check_storage(const DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "podman-storage";
    const auto files = files_named(host, "storage.conf");
    const json::Value* const driver = last_value(files, "storage", "driver");
    const std::string named = driver != nullptr && driver->as_string() ? *driver->as_string() : "";
    std::string mounter;
    for (const ContainersFile& file : files) {
        const json::Value* const storage = file.table.find("storage");
        const json::Value* const options = storage == nullptr ? nullptr : storage->find("options");
        const json::Value* const overlay = options == nullptr ? nullptr : options->find("overlay");
        for (const json::Value* const table : {options, overlay}) {
            const json::Value* const value =
                table == nullptr ? nullptr : table->find("mount_program");
            mounter = value != nullptr && value->as_string() ? *value->as_string() : mounter;
        }
    }
    if (const std::string fault = fault_of(files); !fault.empty()) {
        add_check(report, id, Status::problem, fault, "correct the file, or remove it");
    } else if (!mounter.empty() && host.program_behind(mounter).empty()) {
        add_check(report, id, Status::problem,
                  fmt::format("mount_program is `{}`, which is not there", mounter),
                  "install fuse-overlayfs, or remove the line");
    } else if (named == "vfs") {
        add_check(report, id, Status::warning,
                  "driver `vfs` copies every layer whole: a CUDA image takes many times its size",
                  "driver = \"overlay\" in storage.conf, then podman system reset, which removes "
                  "all images and containers");
    } else {
        add_check(report, id, Status::ok,
                  named.empty() ? "podman's default" : fmt::format("driver {}", named));
    }
}

bool has_ids(const DoctorHost& host, const std::string& path, const std::string& name) {
    const HostText ranges = host.read(path);
    for (const std::string_view line : text::lines(ranges.text)) {
        const auto fields = text::split(line, ':');
        if (fields.size() == 3 && !fields[0].empty() &&
            (fields[0] == name || fields[0] == std::to_string(host.machine.uid))) {
            return true;
        }
    }
    return false;
}

void check_rootless(const DoctorHost& host, DoctorReport& report, bool has_podman) {
    constexpr std::string_view id = "podman-rootless";
    if (!has_podman || host.machine.uid == 0) {
        add_check(report, id, Status::absent,
                  has_podman ? "this user is root" : "podman is not installed");
        return;
    }
    const std::string name = host.user_name();
    for (const std::string path : {"/etc/subuid", "/etc/subgid"}) {
        if (!has_ids(host, path, name)) {
            add_check(
                report, id, Status::warning,
                fmt::format("{} gives no ids to this user: images with other owners than root "
                            "are not unpacked",
                            path),
                "sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 $USER && "
                "podman system migrate");
            return;
        }
    }
    for (const char* const tool : {"newuidmap", "newgidmap"}) {
        if (host.program(tool).empty()) {
            add_check(report, id, Status::problem,
                      fmt::format("{} is not there, which podman needs without root", tool),
                      "install uidmap (Debian, Ubuntu) or shadow-utils");
            return;
        }
    }
    add_check(report, id, Status::ok, "subuid, subgid, newuidmap and newgidmap are there");
}

/// -1 where the kernel has no such setting.
int setting_of(const DoctorHost& host, const std::string& path) {
    const std::string text = host.first_line(path);
    int value = -1;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void check_namespaces(const DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "user-namespaces";
    const bool needed =
        host.machine.uid != 0 &&
        std::ranges::any_of(std::array{"podman", "apptainer", "enroot"},
                            [&](const char* n) { return !host.program(n).empty(); });
    const Status bad = needed ? Status::problem : Status::warning;
    if (setting_of(host, "/proc/sys/user/max_user_namespaces") == 0) {
        add_check(report, id, bad, "user namespaces are off: no engine works without root",
                  "sudo sysctl -w user.max_user_namespaces=15000");
    } else if (setting_of(host, "/proc/sys/kernel/unprivileged_userns_clone") == 0) {
        add_check(report, id, bad, "user namespaces are kept to root",
                  "sudo sysctl -w kernel.unprivileged_userns_clone=1");
    } else if (setting_of(host, "/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1) {
        add_check(
            report, id, needed ? Status::warning : Status::ok,
            "AppArmor keeps user namespaces to programs with a profile, which engines from the "
            "distribution's packages have",
            needed ? "for others: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
                   : "");
    } else {
        add_check(report, id, Status::ok, "user namespaces are there for everybody");
    }
}

void check_selinux(const DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "selinux";
    const int enforces = setting_of(host, "/sys/fs/selinux/enforce");
    if (enforces != 1) {
        add_check(report, id, Status::absent,
                  enforces == 0 ? "SELinux only warns" : "SELinux is off: volumes need no :z");
        return;
    }
    const bool allowed =
        host.first_line("/sys/fs/selinux/booleans/container_use_devices").starts_with('1');
    if (allowed || !host.has_gpu() || host.program("podman").empty()) {
        add_check(report, id, Status::ok, "SELinux is on: volumes of containers need :z or :Z");
        return;
    }
    add_check(report, id, Status::warning,
              "SELinux is on and keeps devices from containers; volumes need :z or :Z",
              "podman run --security-opt=label=disable …, or sudo setsebool -P "
              "container_use_devices on");
}

}  // namespace

void check_podman_files(DoctorHost& host, DoctorReport& report) {
    const auto files = files_named(host, "containers.conf");
    if (auto folders = texts_of(last_value(files, "engine", "cdi_spec_dirs")); !folders.empty()) {
        folders.resize(std::min<std::size_t>(folders.size(), 16));
        host.cdi_folders = std::move(folders);
    }
    constexpr std::string_view id = "podman";
    if (host.program("podman").empty()) {
        add_check(report, id, Status::absent, "not installed");
        return;
    }
    if (const std::string fault = fault_of(files); !fault.empty()) {
        add_check(report, id, Status::problem, fault, "correct the file, or remove it");
        return;
    }
    const json::Value* const runtime = last_value(files, "engine", "runtime");
    const std::string named =
        runtime != nullptr && runtime->as_string() ? *runtime->as_string() : "";
    if (!named.empty() && host.program_behind(named).empty()) {
        add_check(report, id, Status::problem,
                  fmt::format("containers.conf names the runtime `{}`, which is not there", named),
                  "install it, or remove the line");
    } else if (named.empty() && host.program("crun").empty() && host.program("runc").empty()) {
        add_check(report, id, Status::problem, "podman has neither crun nor runc", "install crun");
    } else if (const std::string hook = nvidia_hook(host, last_value(files, "engine", "hooks_dir"));
               !hook.empty()) {
        add_check(
            report, id, Status::warning,
            fmt::format("{} puts GPUs into containers beside CDI: the two get in each other's "
                        "way",
                        hook),
            "sudo rm " + hook + ", and podman run --device nvidia.com/gpu=all …");
    } else {
        add_check(report, id, Status::ok, host.program("podman"));
    }
}

void check_podman(DoctorHost& host, DoctorReport& report) {
    const bool has_podman = !host.program("podman").empty();
    if (has_podman) {
        check_storage(host, report);
    } else {
        add_check(report, "podman-storage", Status::absent, "podman is not installed");
    }
    check_rootless(host, report, has_podman);
}

void check_security(DoctorHost& host, DoctorReport& report) {
    check_namespaces(host, report);
    check_selinux(host, report);
}

}  // namespace envpack::pipeline
