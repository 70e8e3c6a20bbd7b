// Docker: its daemon's configuration, of the system and of the user, and its socket.

#include "doctor_host.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/text.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using Status = DoctorCheck::Status;

struct DockerConfig {
    std::string path;
    bool is_rootless = false;
};

std::string configure_command(const DockerConfig& config) {
    return config.is_rootless
               ? "nvidia-ctk runtime configure --runtime=docker --config=" + config.path +
                     " && systemctl --user restart docker"
               : "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart "
                 "docker";
}

bool is_own_runtime(std::string_view name) {
    return name == "runc" || name.starts_with("io.containerd.");
}

/// What is wrong with the runtimes; empty when nothing is. `has_runtime` is set where there is one
/// of NVIDIA's.
std::string fault_of_runtimes(const DoctorHost& host, const json::Value& config,
                              bool& has_runtime) {
    const json::Value* const runtimes = config.find("runtimes");
    const json::Object* const all = runtimes == nullptr ? nullptr : runtimes->as_object();
    std::string fault;
    for (std::size_t i = 0; all != nullptr && i < all->size(); ++i) {
        const auto& [name, runtime] = (*all)[i];
        const json::Value* const path = runtime.find("path");
        if (path == nullptr || path->as_string() == nullptr) {
            continue;  // `runtimeType` names a shim of containerd
        }
        const bool is_there = !host.program_behind(*path->as_string()).empty();
        const bool is_nvidia =
            path->as_string()->find("nvidia-container-runtime") != std::string::npos;
        has_runtime = has_runtime || (is_nvidia && is_there);
        if (!is_there && fault.empty()) {
            fault = fmt::format("its runtime `{}` is `{}`, which is not there", name,
                                *path->as_string());
        }
    }
    const json::Value* const usual = config.find("default-runtime");
    if (fault.empty() && usual != nullptr && usual->as_string() != nullptr &&
        !is_own_runtime(*usual->as_string()) &&
        (runtimes == nullptr || runtimes->find(*usual->as_string()) == nullptr)) {
        fault =
            fmt::format("its default-runtime `{}` is none of its runtimes", *usual->as_string());
    }
    return fault;
}

/// false only where it is written: from Docker 28.2 on it is on unless it is switched off.
bool allows_cdi(const json::Value& config) {
    const json::Value* const features = config.find("features");
    const json::Value* const cdi = features == nullptr ? nullptr : features->find("cdi");
    return cdi == nullptr || cdi->as_bool() == nullptr || *cdi->as_bool();
}

void check_config(const DoctorHost& host, DoctorReport& report, std::string_view id,
                  const DockerConfig& docker) {
    const HostText text = host.read(docker.path);
    if (text.state == HostText::State::unreadable) {
        add_check(report, id, Status::warning, text.why, "sudo chmod 644 " + docker.path);
        return;
    }
    json::Value config = json::Object{};
    if (text.was_read() && !text::trim(text.text).empty()) {
        auto parsed = json::parse(text.text);
        if (!parsed || parsed->as_object() == nullptr) {
            add_check(report, id, Status::problem,
                      fmt::format("{} is no JSON object{}: the daemon does not start with it",
                                  docker.path,
                                  parsed ? "" : ": " + std::string(parsed.error().message())),
                      "correct " + docker.path + "; dockerd --validate checks it");
            return;
        }
        config = *std::move(parsed);
    }
    bool has_runtime = false;
    if (const std::string fault = fault_of_runtimes(host, config, has_runtime); !fault.empty()) {
        add_check(report, id, Status::problem, fmt::format("{}: {}", docker.path, fault),
                  configure_command(docker));
        return;
    }
    // What `--gpus` of the daemon looks for on its PATH before it looks at CDI.
    const bool has_hook = !host.program("nvidia-container-runtime-hook").empty();
    const bool has_cdi = host.has_cdi_gpus && allows_cdi(config);
    std::vector<std::string> ways;
    if (has_runtime) {
        ways.emplace_back("--runtime=nvidia");
    }
    if (has_hook) {
        ways.emplace_back("--gpus");
    }
    if (has_cdi) {
        ways.emplace_back("--device nvidia.com/gpu=… (Docker before 28.2 with features.cdi only)");
    }
    const std::string_view kind = docker.is_rootless ? "rootless Docker" : "Docker";
    if (!ways.empty()) {
        add_check(report, id, Status::ok,
                  fmt::format("{} hands on GPUs by {}", kind, text::join(ways, ", ")));
    } else if (host.has_gpu() && host.container.empty()) {
        add_check(report, id, Status::problem,
                  fmt::format("{} has no way to hand on GPUs: no runtime of NVIDIA's, no hook, no "
                              "CDI spec",
                              kind),
                  configure_command(docker));
    } else {
        add_check(report, id, Status::ok,
                  fmt::format("{}: nothing wrong, no GPU to hand on", kind));
    }
}

void check_socket(const DoctorHost& host, DoctorReport& report) {
    constexpr std::string_view id = "docker-socket";
    if (const auto named = host.config.variable("DOCKER_HOST"); !named.empty()) {
        add_check(report, id, Status::ok,
                  fmt::format("DOCKER_HOST names the daemon: {}", text::redact_url(named)));
        return;
    }
    constexpr std::string_view path = "/var/run/docker.sock";
    const auto socket = host.info(std::string(path));
    if (!socket || socket->type == archive::FileType::directory) {
        add_check(report, id, Status::warning, fmt::format("{} is not there: no daemon runs", path),
                  host.container.empty() ? "sudo systemctl enable --now docker"
                                         : "start the container with -v "
                                           "/var/run/docker.sock:/var/run/docker.sock, if it is to "
                                           "use the host's Docker");
    } else if (!host.may_use(*socket)) {
        add_check(report, id, Status::warning, fmt::format("this user may not use {}", path),
                  "sudo usermod -aG docker $USER, and log in again (the group is as good as root)");
    } else {
        add_check(report, id, Status::ok, std::string(path));
    }
}

}  // namespace

void check_docker(DoctorHost& host, DoctorReport& report) {
    const bool has_client = !host.program("docker").empty() || !host.program("dockerd").empty();
    const std::string etc = "/etc/docker/daemon.json";
    if (!has_client && !host.has(etc)) {
        add_check(report, "docker", Status::absent, "not installed");
        add_check(report, "docker-socket", Status::absent, "Docker is not installed");
    } else if (host.program("docker").starts_with("/snap/") && host.has_gpu()) {
        add_check(report, "docker", Status::warning,
                  "this Docker is a snap, which does not see the host's container toolkit",
                  "sudo snap remove docker, and install Docker's own packages");
        check_socket(host, report);
    } else {
        check_config(host, report, "docker", {.path = etc});
        check_socket(host, report);
    }
    const std::string own = host.user_path("docker/daemon.json");
    const std::string_view run_folder = host.config.variable("XDG_RUNTIME_DIR");
    const bool is_running =
        run_folder.starts_with('/') && host.has(std::string(run_folder) + "/docker.sock");
    if (own.empty() || (!host.has(own) && !is_running)) {
        add_check(report, "docker-rootless", Status::absent, "not configured for this user");
    } else {
        check_config(host, report, "docker-rootless", {.path = own, .is_rootless = true});
    }
}

}  // namespace envpack::pipeline
