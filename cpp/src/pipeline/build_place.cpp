#include "build_place.hpp"

#include "envpack/base/text.hpp"
#include "envpack/env/site_packages.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

struct LayoutName {
    BuildLayout layout;
    std::string_view name;
};

constexpr std::array layout_names = {LayoutName{BuildLayout::venv, "venv"},
                                     LayoutName{BuildLayout::system, "system"},
                                     LayoutName{BuildLayout::app_root, "app-root"}};

// sclorg/s2i-base-container core/Dockerfile.rhel9: `useradd -u 1001 -r -g 0 -d ${HOME}`,
// `chown -R 1001:0 ${APP_ROOT}`; s2i-python-container 3.11/Dockerfile.rhel9: `python -m venv
// ${APP_ROOT}`, `chown -R 1001:0`, `fix-permissions`, `USER 1001`, with WORKDIR /opt/app-root/src.
constexpr archive::FileOwner app_root_owner{.uid = 1001, .gid = 0};
constexpr std::string_view app_root_user = "1001";
constexpr std::string_view app_root_content = "src";

/// "Support arbitrary user ids" of OpenShift's guidelines: chmod -R g=u.
std::uint32_t with_group_as_owner(std::uint32_t mode) {
    return (mode & ~070U) | ((mode & 0700U) >> 3U);
}

Result<SafePath> prefix_of(const BuildOptions& options) {
    const std::string standard =
        options.layout == BuildLayout::app_root ? "/opt/app-root" : "/opt/venv";
    const std::string& text = options.prefix.empty() ? standard : options.prefix;
    ENVPACK_TRY(SafePath prefix, SafePath::normalize(text));
    if (!text.starts_with('/') || prefix.is_root()) {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("prefix `{}` is no absolute path below `/`", text)));
    }
    return prefix;
}

wheel::InstallScheme system_scheme(const env::InstallFolders& folders,
                                   const env::Interpreter& python) {
    return {.purelib = folders.purelib,
            .platlib = folders.platlib,
            .scripts = folders.prefix / "bin",
            .data = folders.prefix,
            .headers = folders.prefix / "include" / python.library_name(),
            .interpreter = "/" + python.executable.str(),
            .python_major = python.major,
            .python_minor = python.minor};
}

Result<BuildPlace> system_place(const BuildOptions& options, const archive::FileTree& base,
                                const env::Interpreter* python) {
    if (!options.prefix.empty()) {
        return fail(ErrorCode::invalid_argument,
                    "the layout `system` has no prefix: packages go where the base's Python "
                    "looks for them");
    }
    BuildPlace place{.layout = BuildLayout::system,
                     .is_environment = false,
                     .makes_environment = false,
                     .user = std::nullopt,
                     .workdir = std::nullopt};
    if (python != nullptr) {
        ENVPACK_TRY(const env::InstallFolders folders, env::install_folders(base, *python));
        place.prefix = folders.prefix;
        place.scheme = system_scheme(folders, *python);
    }
    return place;
}

}  // namespace

std::string_view to_string(BuildLayout layout) noexcept {
    return std::ranges::find(layout_names, layout, &LayoutName::layout)->name;
}

Result<BuildLayout> build_layout_named(std::string_view name) {
    const auto found = std::ranges::find(layout_names, name, &LayoutName::name);
    if (found == layout_names.end()) {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("`{}` is no layout", text::printable(name)))
                        .with_hint("layouts are venv, system and app-root"));
    }
    return found->layout;
}

Result<BuildPlace> place_for(const BuildOptions& options, const archive::FileTree& base,
                             const env::Interpreter* python) {
    if (options.layout == BuildLayout::system) {
        return system_place(options, base, python);
    }
    BuildPlace place{.layout = options.layout,
                     .is_environment = python != nullptr,
                     .user = std::nullopt,
                     .workdir = std::nullopt};
    ENVPACK_TRY(place.prefix, prefix_of(options));
    if (python != nullptr) {
        ENVPACK_TRY(place.scheme, wheel::venv_scheme(place.prefix, python->major, python->minor));
        // UBI's images of Python have theirs.
        place.makes_environment = !python->is_venv || python->prefix != place.prefix;
    }
    if (options.layout == BuildLayout::app_root) {
        place.user = std::string(app_root_user);
        place.workdir = fmt::format("/{}/{}", place.prefix.str(), app_root_content);
    }
    return place;
}

std::vector<archive::PlannedEntry> BuildPlace::own_entries() const {
    std::vector<archive::PlannedEntry> entries;
    if (layout == BuildLayout::app_root) {
        entries.push_back({.path = prefix / app_root_content,
                           .type = archive::FileType::directory,
                           .mode = 0755});
    }
    return entries;
}

void BuildPlace::settle(std::vector<archive::PlannedEntry>& entries, bool all) const {
    if (layout != BuildLayout::app_root) {
        return;
    }
    std::set<SafePath> folders;
    std::set<SafePath> named;
    for (const archive::PlannedEntry& entry : entries) {
        named.insert(entry.path);
        for (SafePath up = entry.path.parent(); up.has_prefix(prefix); up = up.parent()) {
            folders.insert(up);
        }
    }
    for (const SafePath& folder : folders) {
        if (!named.contains(folder)) {
            entries.push_back({.path = folder, .type = archive::FileType::directory, .mode = 0755});
        }
    }
    for (archive::PlannedEntry& entry : entries) {
        if (all || entry.path.has_prefix(prefix)) {
            entry.owner = app_root_owner;
            entry.mode = with_group_as_owner(entry.mode);
        }
    }
}

std::string working_folder(const BuildOptions& options, const BuildPlace& place,
                           const oci::ImageConfig& base) {
    const std::string folder =
        options.working_dir.value_or(place.workdir.value_or(base.working_dir));
    return folder.starts_with('/') ? folder : "/" + folder;
}

}  // namespace envpack::pipeline
