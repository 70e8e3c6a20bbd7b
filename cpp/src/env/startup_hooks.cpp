#include "envpack/env/startup_hooks.hpp"

#include "envpack/packaging/startup_file.hpp"
#include "read_limits.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace envpack::env {
namespace {

constexpr std::array<std::string_view, 2> customize_modules = {"sitecustomize", "usercustomize"};

Result<std::optional<StartupHook>> pth_hook(const archive::FileTree& tree, const SafePath& path) {
    ENVPACK_TRY(const auto info, archive::stat(tree, path));
    if (!info || info->type != archive::FileType::regular) {
        return std::nullopt;
    }
    ENVPACK_TRY(const auto text, read_if_small(tree, path, max_captured_text));
    return StartupHook{.kind = !text || packaging::runs_code(*text) ? "pth-code" : "pth",
                       .path = path.str()};
}

Result<std::optional<StartupHook>> module_hook(const archive::FileTree& tree, const SafePath& path,
                                               std::string_view module) {
    const bool is_package = path.name() == module;
    const SafePath file = is_package ? path / "__init__.py" : path;
    ENVPACK_TRY(const auto info, archive::stat(tree, file));
    if (!info || info->type != archive::FileType::regular) {
        return std::nullopt;
    }
    return StartupHook{.kind = std::string(module), .path = file.str()};
}

}  // namespace

Result<std::vector<StartupHook>> startup_hooks(const archive::FileTree& tree,
                                               const Interpreter& python,
                                               const std::vector<SitePath>& paths) {
    std::vector<StartupHook> hooks;
    const auto keep = [&](std::optional<StartupHook> hook) {
        if (hook) {
            hooks.push_back(*std::move(hook));
        }
    };
    for (const SitePath& folder : paths) {
        const bool is_site =
            folder.origin == PathOrigin::site || folder.origin == PathOrigin::user_site;
        for (const std::string& name : folder.names) {
            if (is_site && packaging::is_path_file(name)) {
                ENVPACK_TRY(auto hook, pth_hook(tree, folder.path / name));
                keep(std::move(hook));
            } else if (const std::string_view module = packaging::customize_module(name);
                       !module.empty()) {
                ENVPACK_TRY(auto hook, module_hook(tree, folder.path / name, module));
                keep(std::move(hook));
            }
        }
    }
    // Debian and Ubuntu have one here, a link into /etc.
    const SafePath library = python.base_prefix / "lib" / python.library_name();
    for (const std::string_view module : customize_modules) {
        ENVPACK_TRY(auto hook, module_hook(tree, library / (std::string(module) + ".py"), module));
        keep(std::move(hook));
    }
    std::sort(hooks.begin(), hooks.end(), [](const StartupHook& a, const StartupHook& b) {
        return std::pair(a.path, a.kind) < std::pair(b.path, b.kind);
    });
    hooks.erase(std::unique(hooks.begin(), hooks.end()), hooks.end());
    return hooks;
}

}  // namespace envpack::env
