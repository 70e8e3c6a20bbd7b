// NVIDIA's container toolkit: its programs, its configuration, and the CDI specs that it makes.

#include "cdi_spec.hpp"
#include "doctor_host.hpp"
#include "envpack/base/text.hpp"
#include "envpack/base/toml.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using Status = DoctorCheck::Status;

constexpr std::string_view regenerate =
    "sudo systemctl restart nvidia-cdi-refresh.service (toolkit 1.18 or newer), or sudo nvidia-ctk "
    "cdi generate --output=";
constexpr std::string_view gpu_kind = "nvidia.com/gpu";

bool has_engine(const DoctorHost& host) {
    return std::ranges::any_of(std::array{"docker", "dockerd", "podman", "containerd", "nerdctl"},
                               [&](const char* name) { return !host.program(name).empty(); });
}

std::string config_path(const DoctorHost& host) {
    if (const auto named = host.config.variable("NVIDIA_CTK_CONFIG_FILE_PATH"); !named.empty()) {
        return std::string(named);
    }
    return "/etc/nvidia-container-runtime/config.toml";
}

void check_toolkit_config(const DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "toolkit-config";
    const std::string path = config_path(host);
    const HostText text = host.read(path);
    if (text.state == HostText::State::absent) {
        add_check(report, id, Status::absent, fmt::format("{} is not there", path));
        return;
    }
    if (!text.was_read()) {
        add_check(report, id, Status::warning, text.why, "sudo chmod 644 " + path);
        return;
    }
    const std::string again = "sudo nvidia-ctk config --output=" + path + " writes the default";
    const auto config = toml::parse(text.text);
    if (!config) {
        add_check(report, id, Status::problem,
                  fmt::format("{} is no TOML: {}", path, config.error().message()), again);
        return;
    }
    const auto flag = [](const json::Value* value) {
        return value != nullptr && value->as_bool() != nullptr && *value->as_bool();
    };
    const json::Value* const cli = config->find("nvidia-container-cli");
    const json::Value* const runtime = config->find("nvidia-container-runtime");
    const json::Value* const mode = runtime == nullptr ? nullptr : runtime->find("mode");
    const std::string named = mode != nullptr && mode->as_string() ? *mode->as_string() : "auto";
    constexpr std::array<std::string_view, 5> modes{"auto", "legacy", "csv", "cdi", "jit-cdi"};
    if (std::ranges::find(modes, named) == modes.end()) {
        add_check(report, id, Status::problem,
                  fmt::format("{} has the unknown mode `{}`", path, named),
                  "sudo nvidia-ctk config --set nvidia-container-runtime.mode=auto --in-place");
    } else if (cli != nullptr && flag(cli->find("no-cgroups")) && named != "cdi") {
        add_check(report, id, Status::warning,
                  fmt::format("{} sets no-cgroups, which rootless Docker needs: containers of the "
                              "system's Docker then see GPUs that they may not use",
                              path),
                  "with only the system's Docker: sudo nvidia-ctk config --set "
                  "nvidia-container-cli.no-cgroups=false --in-place");
    } else {
        add_check(report, id, Status::ok,
                  fmt::format("{}: mode {}{}", path, named,
                              flag(config->find("disable-require"))
                                  ? ", NVIDIA_REQUIRE_CUDA of images is not looked at"
                                  : ""));
    }
}

struct CdiFault {
    Status status = Status::warning;
    std::string text;
    std::string fix = {};
};

/// The first of the paths that the machine lacks.
std::string missing_path(const DoctorHost& host, const std::vector<std::string>& paths) {
    const auto gone =
        std::ranges::find_if(paths, [&](const auto& path) { return !host.has(path); });
    return gone == paths.end() ? std::string() : *gone;
}

/// What is wrong with a spec for NVIDIA's GPUs, the worst first.
std::optional<CdiFault> fault_of(const DoctorHost& host, const DoctorReport& report,
                                 const std::string& path, const CdiSpec& spec) {
    const std::string fix = std::string(regenerate) + path;
    if (report.driver && !spec.driver.empty()) {
        const auto driver = cuda::DriverVersion::parse(spec.driver);
        if (driver && *driver != *report.driver) {
            return CdiFault{Status::problem,
                            fmt::format("{} is stale: it is for driver {}, and {} is running", path,
                                        spec.driver, report.driver->to_string()),
                            fix};
        }
    }
    if (!host.container.empty()) {
        return std::nullopt;  // its paths are those of the host
    }
    for (const auto& [paths, what] :
         {std::pair(&spec.mounts, "mounts"), std::pair(&spec.hooks, "runs"),
          std::pair(&spec.nodes, "hands on")}) {
        if (const std::string gone = missing_path(host, *paths); !gone.empty()) {
            return CdiFault{
                Status::problem,
                fmt::format("{} is stale: it {} {}, which is not there", path, what, gone), fix};
        }
    }
    if (spec.devices.empty() && spec.is_whole) {
        return CdiFault{Status::problem, fmt::format("{} has no device", path), fix};
    }
    return std::nullopt;
}

class CdiFolders {
public:
    CdiFolders(DoctorHost& host, const DoctorReport& report) : host_(host), report_(report) {}

    void read() {
        for (const std::string& folder : host_.cdi_folders) {
            std::map<std::string, std::string, std::less<>> owners;  // of this folder
            for (const std::string& name : host_.list(folder)) {
                if (name.ends_with(".json") || name.ends_with(".yaml")) {
                    file(fmt::format("{}/{}", folder, name), owners);
                }
            }
        }
    }

    void report_into(DoctorReport& report) const {
        constexpr std::string_view id = "cdi-specs";
        const auto worst = std::ranges::find(faults_, Status::problem, &CdiFault::status);
        if (!faults_.empty()) {
            const CdiFault& told = worst == faults_.end() ? faults_.front() : *worst;
            add_check(report, id, told.status,
                      faults_.size() == 1
                          ? told.text
                          : fmt::format("{}; and {} more", told.text, faults_.size() - 1),
                      told.fix);
        } else if (!host_.has_cdi_gpus) {
            const bool is_missed = host_.has_gpu() && host_.container.empty();
            const bool needed = is_missed && !host_.program("podman").empty();
            add_check(report, id,
                      needed      ? Status::problem
                      : is_missed ? Status::warning
                                  : Status::absent,
                      fmt::format("no CDI spec for {} in {}{}", gpu_kind,
                                  text::join(host_.cdi_folders, " and "),
                                  needed ? ": podman has no other way to hand on GPUs" : ""),
                      is_missed ? std::string(regenerate) + "/etc/cdi/nvidia.yaml" : "");
        } else {
            add_check(
                report, id, Status::ok,
                fmt::format("{}: {} devices of {}{}", text::join(good_, ", "), devices_, gpu_kind,
                            unread_ == 0 ? ""
                                         : "; not all of it could be compared: its YAML is "
                                           "of another style"));
        }
    }

private:
    void file(const std::string& path, std::map<std::string, std::string, std::less<>>& owners) {
        const HostText text = host_.read(path);
        if (!text.was_read()) {
            faults_.push_back(
                {Status::warning,
                 fmt::format("{}: {}", path, text.why.empty() ? "it is no file" : text.why),
                 "sudo chmod 644 " + path});
            return;
        }
        CdiSpec spec;
        if (path.ends_with(".json")) {
            auto parsed = CdiSpec::parse_json(text.text);
            if (!parsed) {
                faults_.push_back(
                    {Status::problem,
                     fmt::format("{} is no CDI spec: {}", path, parsed.error().message()),
                     std::string(regenerate) + path});
                return;
            }
            spec = *std::move(parsed);
        } else {
            spec = CdiSpec::scan_yaml(text.text);
        }
        for (const std::string& device : spec.devices) {
            const std::string full = spec.kind + "=" + device;
            const auto [other, is_new] = owners.emplace(full, path);
            if (!is_new && other->second != path) {
                // CDI specification, «conflict»: of one folder neither counts.
                faults_.push_back({Status::problem,
                                   fmt::format("{} is in both {} and {}: neither counts", full,
                                               other->second, path),
                                   "sudo rm " + path});
                break;
            }
        }
        if (spec.kind != gpu_kind) {
            return;
        }
        host_.has_cdi_gpus = true;
        devices_ += spec.devices.size();
        unread_ += spec.is_whole ? 0 : 1;
        good_.push_back(path);
        if (auto fault = fault_of(host_, report_, path, spec)) {
            faults_.push_back(*std::move(fault));
        }
    }

    DoctorHost& host_;
    const DoctorReport& report_;
    std::vector<CdiFault> faults_ = {};
    std::vector<std::string> good_ = {};
    std::size_t devices_ = 0;
    std::size_t unread_ = 0;
};

}  // namespace

void check_container_toolkit(DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "container-toolkit";
    std::vector<std::string> found;
    std::vector<std::string> missing;
    for (const char* name : {"nvidia-ctk", "nvidia-container-runtime", "nvidia-container-cli"}) {
        (host.program(name).empty() ? missing : found).emplace_back(name);
    }
    constexpr std::string_view install =
        "install nvidia-container-toolkit from NVIDIA's repository, as its installation guide says";
    if (found.empty()) {
        const bool needed = host.has_gpu() && host.container.empty() && has_engine(host);
        add_check(report, id, needed ? Status::problem : Status::absent,
                  needed ? "there is a GPU and a container engine, but no NVIDIA container toolkit"
                         : "not installed",
                  needed ? install : "");
    } else if (found.front() != "nvidia-ctk") {
        add_check(report, id, Status::warning,
                  fmt::format("{} is there, but not nvidia-ctk: the toolkit is older than CDI",
                              text::join(found, ", ")),
                  install);
    } else {
        // Its package nvidia-container-toolkit-base is enough for CDI.
        add_check(report, id, Status::ok,
                  missing.empty()
                      ? host.program("nvidia-ctk")
                      : fmt::format("{}; without {}, which only Docker's older way needs",
                                    host.program("nvidia-ctk"), text::join(missing, " and ")));
    }
    check_toolkit_config(host, report);
}

void check_cdi(DoctorHost& host, DoctorReport& report) {
    CdiFolders folders(host, report);
    folders.read();
    folders.report_into(report);
}

}  // namespace envpack::pipeline
