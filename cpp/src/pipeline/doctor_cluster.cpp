// The engines of clusters: Apptainer (and Singularity) and enroot.

#include "doctor_host.hpp"
#include "envpack/base/text.hpp"

#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using Status = DoctorCheck::Status;

using ApptainerSettings = std::map<std::string, std::string, std::less<>>;

/// `key = value` lines; the last one of a key counts.
ApptainerSettings apptainer_settings(std::string_view text) {
    ApptainerSettings settings;
    for (const std::string_view line : text::lines(text)) {
        const std::string_view words = text::trim(line);
        const std::size_t equals = words.find('=');
        if (words.starts_with('#') || equals == std::string_view::npos) {
            continue;
        }
        settings[text::to_lower(text::trim(words.substr(0, equals)))] =
            text::trim(words.substr(equals + 1));
    }
    return settings;
}

std::string_view apptainer_setting(const ApptainerSettings& settings, std::string_view key) {
    const auto found = settings.find(key);
    return found == settings.end() ? std::string_view{} : std::string_view(found->second);
}

/// The folder of the configuration of Apptainer, or of Singularity; empty where there is none.
std::string folder_of(const DoctorHost& host, std::string_view name) {
    for (const std::string_view prefix : {"/etc", "/usr/local/etc", "/opt/apptainer/etc"}) {
        std::string folder = fmt::format("{}/{}", prefix, name);
        if (host.has_node(fmt::format("{}/{}.conf", folder, name))) {
            return folder;
        }
    }
    return {};
}

bool lists_libcuda(std::string_view list) {
    for (const std::string_view line : text::lines(list)) {
        if (text::trim(line) == "libcuda.so") {
            return true;
        }
    }
    return false;
}

}  // namespace

void check_apptainer(DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "apptainer";
    const std::string_view name = host.program("apptainer").empty() ? "singularity" : "apptainer";
    const std::string program = host.program(name);
    if (program.empty()) {
        add_check(report, id, Status::absent, "neither Apptainer nor Singularity is installed");
        return;
    }
    const std::string folder = folder_of(host, name);
    if (folder.empty()) {
        add_check(report, id, Status::warning,
                  fmt::format("{} is there, its {}.conf was not found", program, name),
                  "set one up as its installation guide says; images are run with its defaults");
        return;
    }
    const std::string path = fmt::format("{}/{}.conf", folder, name);
    const HostText text = host.read(path);
    if (!text.was_read()) {
        add_check(report, id, Status::warning, text.why, "sudo chmod 644 " + path);
        return;
    }
    const ApptainerSettings settings = apptainer_settings(text.text);
    const bool always = apptainer_setting(settings, "always use nv") == "yes";
    const std::string how = always ? "GPUs are handed on always" : "--nv hands on GPUs";
    if (apptainer_setting(settings, "use nvidia-container-cli") == "yes") {
        const std::string_view named = apptainer_setting(settings, "nvidia-container-cli path");
        const std::string cli = host.program_behind(named.empty() ? "nvidia-container-cli" : named);
        if (cli.empty()) {
            add_check(report, id, Status::problem,
                      fmt::format("{} wants {} for GPUs, which is not there", path,
                                  named.empty() ? "nvidia-container-cli" : named),
                      "install nvidia-container-toolkit, or set `use nvidia-container-cli = no`");
            return;
        }
        add_check(report, id, Status::ok, fmt::format("{}, by {}", how, cli));
        return;
    }
    const std::string list_path = folder + "/nvliblist.conf";
    const HostText list = host.read(list_path);
    if (!list.was_read() || !lists_libcuda(list.text)) {
        add_check(report, id, Status::problem,
                  list.was_read() ? fmt::format("{} does not list libcuda.so", list_path)
                  : list.why.empty()
                      ? fmt::format("{} is not there: --nv finds no library", list_path)
                      : list.why,
                  "take the file from Apptainer's own sources again");
        return;
    }
    add_check(report, id, Status::ok, fmt::format("{}, by the libraries of {}", how, list_path));
}

void check_enroot(DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "enroot";
    if (host.program("enroot").empty()) {
        add_check(report, id, Status::absent, "not installed");
        return;
    }
    const std::string hook = "/etc/enroot/hooks.d/98-nvidia.sh";
    const Status bad = host.has_gpu() ? Status::problem : Status::warning;
    if (!host.has_node("/etc/enroot/enroot.conf")) {
        add_check(report, id, Status::warning, "/etc/enroot/enroot.conf is not there",
                  "install enroot's package again");
    } else if (!host.has_node(hook)) {
        add_check(report, id, bad, fmt::format("{} is not there: containers get no GPU", hook),
                  "install enroot+caps or enroot's package again");
    } else if (host.program("nvidia-container-cli").empty()) {
        add_check(report, id, bad,
                  fmt::format("{} needs nvidia-container-cli, which is not there", hook),
                  "install libnvidia-container-tools from NVIDIA's repository");
    } else {
        add_check(report, id, Status::ok,
                  fmt::format("{} hands on GPUs to images that have NVIDIA_VISIBLE_DEVICES", hook));
    }
}

}  // namespace envpack::pipeline
