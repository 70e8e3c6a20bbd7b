#include "envpack/pipeline/source.hpp"

#include "envpack/archive/disk_tree.hpp"
#include "envpack/env/compare_constraints.hpp"
#include "envpack/env/host_python.hpp"
#include "envpack/oci/image_archive.hpp"
#include "envpack/oci/image_config.hpp"
#include "envpack/oci/image_tree.hpp"
#include "envpack/oci/layout_target.hpp"
#include "envpack/oci/resolve_image.hpp"

#include <algorithm>
#include <array>
#include <sys/utsname.h>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;

Error unknown_source(std::string_view text, std::string_view hint) {
    return Error(ErrorCode::unsupported, fmt::format("cannot read `{}`", text))
        .with_hint(std::string(hint));
}

/// `DIR[:TAG]`: the last colon splits unless a `/` follows it, as skopeo reads it.
void split_tag(std::string_view text, Source& source) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || text.find('/', colon) != std::string_view::npos) {
        source.path = text;
        return;
    }
    source.path = text.substr(0, colon);
    source.tag = text.substr(colon + 1);
}

/// `FILE[:NAME]`: the first colon splits, as containers-transports(5) has it; names have colons.
void split_name(std::string_view text, Source& source) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    source.path = text.substr(0, colon);
    source.tag = text.substr(std::min(colon + 1, text.size()));
}

/// The transports of container tools that are recognised and not read.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> unread{{
    {"docker://",
     "copy the image first: skopeo copy {} oci:base:latest, then name oci:base:latest"},
    {"docker-daemon:", "copy the image first: skopeo copy {} oci:base:latest"},
    {"containers-storage:", "copy the image first: skopeo copy {} oci:base:latest"},
}};

Result<void> require_directory(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (error && error != std::errc::no_such_file_or_directory) {
        return fail(os_failure("open", path.string(), error.value()));
    }
    if (!fs::exists(status)) {
        return fail(Error(ErrorCode::not_found, fmt::format("`{}` does not exist", path.string()))
                        .with_path(path.string()));
    }
    if (!fs::is_directory(status)) {
        return fail(
            Error(ErrorCode::invalid_argument, fmt::format("`{}` is no folder", path.string()))
                .with_path(path.string()));
    }
    return {};
}

/// The variables of the user that matter for a Python and the CUDA of this machine.
env::Environment host_environment(const UserConfig& user) {
    env::Environment environment;
    for (const char* name :
         {"PATH", "VIRTUAL_ENV", "PYTHONPATH", "HOME", "PYTHONNOUSERSITE", "PIP_CONSTRAINT",
          "PIP_CONFIG_FILE", "UV_CONSTRAINT", "CUDA_VERSION", "NV_CUDNN_VERSION", "CUDNN_VERSION",
          "NV_LIBNCCL_PACKAGE_VERSION", "NCCL_VERSION", "NVIDIA_REQUIRE_CUDA",
          "NVIDIA_DISABLE_REQUIRE", "LD_LIBRARY_PATH"}) {
        if (const auto found = user.environment.find(name); found != user.environment.end()) {
            environment.insert(*found);
        }
    }
    return environment;
}

Result<OpenSource> open_host(const Source& source, const UserConfig& user, const RunContext& run) {
    auto root = std::make_shared<archive::DiskTree>("/");
    ENVPACK_TRY(
        SafePath python,
        env::find_host_python(*root,
                              {.python = source.path.empty() ? user.running_python : source.path,
                               .path = std::string(user.variable("PATH")),
                               .virtual_env = std::string(user.variable("VIRTUAL_ENV"))},
                              run));
    return OpenSource{.tree = std::move(root),
                      .environment = host_environment(user),
                      .python = std::move(python)};
}

Result<std::shared_ptr<const oci::Fetcher>> open_place(const Source& source, const UserConfig& user,
                                                       const RunContext& run) {
    switch (source.kind) {
        case Source::Kind::oci_layout:
            ENVPACK_CHECK(require_directory(source.path));
            return oci::LayoutTarget::open(source.path);
        case Source::Kind::oci_archive:
            return oci::open_oci_archive(source.path, user.cache_directory() / "scratch", {}, run);
        case Source::Kind::docker_archive:
            return oci::open_docker_archive(source.path, user.cache_directory() / "scratch", {},
                                            run);
        default:
            return fail(Error(ErrorCode::unsupported, fmt::format("`{}` is no image", source.text))
                            .with_hint("name an image: oci:DIR[:TAG], oci-archive:FILE[:TAG] or "
                                       "docker-archive:FILE[:NAME]"));
    }
}

}  // namespace

Result<Source> Source::parse(std::string_view text) {
    Source source{.text = std::string(text)};
    for (const auto& [prefix, hint] : unread) {
        if (text.starts_with(prefix)) {
            return fail(unknown_source(text, fmt::format(fmt::runtime(hint), text)));
        }
    }
    const auto after = [&](std::string_view prefix) { return text.substr(prefix.size()); };
    if (text.starts_with("oci:")) {
        source.kind = Kind::oci_layout;
        split_tag(after("oci:"), source);
    } else if (text.starts_with("oci-archive:")) {
        source.kind = Kind::oci_archive;
        split_name(after("oci-archive:"), source);
    } else if (text.starts_with("docker-archive:")) {
        source.kind = Kind::docker_archive;
        split_name(after("docker-archive:"), source);
    } else if (text.starts_with("dir:")) {
        source.kind = Kind::root_file_system;
        source.path = after("dir:");
    } else if (text.starts_with("python:")) {
        source.path = after("python:");
    } else if (text.starts_with("freeze:")) {
        source.kind = Kind::freeze_text;
        source.path = after("freeze:");
    } else if (text == "-") {
        source.kind = Kind::freeze_text;
        source.path = "-";
    } else if (text != ".") {
        std::error_code ignored;
        if (text.find('/') == std::string_view::npos && !fs::exists(text, ignored)) {
            return fail(Error(ErrorCode::not_found, fmt::format("`{}` does not exist", text))
                            .with_hint("a source is a virtual environment, a prefix, python:PATH, "
                                       "dir:ROOTFS, oci:DIR[:TAG], oci-archive:FILE[:TAG], "
                                       "docker-archive:FILE[:NAME] or freeze:FILE"));
        }
        source.path = text;
    }
    if (source.path.empty() && text != ".") {
        return fail(ErrorCode::invalid_argument, fmt::format("`{}` names no path", text));
    }
    return source;
}

env::Environment environment_of(const oci::ImageConfig& config) {
    env::Environment environment;
    for (const std::string& entry : config.env) {
        const std::size_t equals = std::min(entry.find('='), entry.size());
        environment[entry.substr(0, equals)] =
            equals == entry.size() ? std::string() : entry.substr(equals + 1);
    }
    return environment;
}

oci::Platform host_platform() {
    utsname machine{};
    uname(&machine);
    const std::string_view name = machine.machine;
    oci::Platform platform;
    platform.architecture = name == "aarch64" ? "arm64" : name == "x86_64" ? "amd64" : name;
    return platform;
}

Result<oci::ImagePtr> open_image(const Source& source, const UserConfig& user,
                                 const RunContext& run) {
    const auto opening = fmt::format("while opening `{}`", source.text);
    ENVPACK_TRY(const std::shared_ptr<const oci::Fetcher> place,
                with_context(open_place(source, user, run), opening));
    return with_context(oci::resolve_image(place, source.tag, host_platform(), {}, run), opening);
}

Result<OpenSource> open_source(const Source& source, const archive::CaptureFilter& capture,
                               const UserConfig& user, const RunContext& run) {
    switch (source.kind) {
        case Source::Kind::python:
            return open_host(source, user, run);
        case Source::Kind::root_file_system:
            ENVPACK_CHECK(require_directory(source.path));
            return OpenSource{.tree = std::make_shared<archive::DiskTree>(source.path)};
        case Source::Kind::oci_layout:
        case Source::Kind::oci_archive:
        case Source::Kind::docker_archive:
            break;
        case Source::Kind::freeze_text:
            return fail(Error(ErrorCode::unsupported,
                              fmt::format("`{}` is only a list of packages", source.text))
                            .with_hint("name a base that can be read: a virtual environment, "
                                       "dir:ROOTFS or oci:DIR[:TAG]"));
    }
    ENVPACK_TRY(oci::ImagePtr image, open_image(source, user, run));
    return open_image_tree(source, std::move(image), capture, run);
}

Result<OpenSource> open_image_tree(const Source& source, oci::ImagePtr image,
                                   const archive::CaptureFilter& capture, const RunContext& run) {
    OpenSource open;
    open.image = std::move(image);
    ENVPACK_TRY(const oci::ImageConfig config, oci::config_of(*open.image));
    open.environment = environment_of(config);
    open.digest = oci::digest_of(*open.image).to_string();
    const auto wanted = [&capture, constraints = env::constraint_paths(open.environment)](
                            const SafePath& path, const archive::FileInfo& info) {
        return capture(path, info) || std::find(constraints.begin(), constraints.end(),
                                                '/' + path.str()) != constraints.end();
    };
    ENVPACK_TRY(open.layers, with_context(oci::open_tree(*open.image, wanted, {}, run),
                                          fmt::format("while reading `{}`", source.text)));
    open.tree = open.layers;
    return open;
}

}  // namespace envpack::pipeline
