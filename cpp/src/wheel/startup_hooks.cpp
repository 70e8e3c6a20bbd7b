#include "envpack/wheel/startup_hooks.hpp"

#include "envpack/base/bytes.hpp"
#include "envpack/packaging/startup_file.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

#include <fmt/format.h>

namespace envpack::wheel {
namespace {

constexpr std::uint64_t longest_path_file = std::uint64_t{1} << 20;

bool is_site(const SafePath& folder, const InstallScheme& scheme) {
    return folder == scheme.purelib || folder == scheme.platlib;
}

bool is_on_path(const SafePath& folder, const InstallScheme& scheme) {
    return is_site(folder, scheme) || folder == scheme.purelib.parent();
}

Result<std::string> kind_of_path_file(const archive::PlannedEntry& entry) {
    if (entry.type != archive::FileType::regular || entry.content.size() > longest_path_file) {
        return "pth-code";
    }
    const auto reading = fmt::format("while reading `{}`", entry.path.str());
    ENVPACK_TRY(const std::unique_ptr<ByteSource> source,
                with_context(entry.content.open(), reading));
    ENVPACK_TRY(const std::string text,
                with_context(read_all(*source, longest_path_file), reading));
    return packaging::runs_code(text) ? "pth-code" : "pth";
}

}  // namespace

Result<std::vector<StartupHook>> startup_hooks(std::span<const archive::PlannedEntry> entries,
                                               const InstallScheme& scheme) {
    std::vector<StartupHook> hooks;
    for (const archive::PlannedEntry& entry : entries) {
        if (entry.type == archive::FileType::directory) {
            continue;
        }
        const SafePath folder = entry.path.parent();
        if (packaging::is_path_file(entry.path.name())) {
            if (is_site(folder, scheme)) {
                ENVPACK_TRY(std::string kind, kind_of_path_file(entry));
                hooks.push_back({.kind = std::move(kind), .path = entry.path.str()});
            }
            continue;
        }
        // A package is what its `__init__.py` is.
        const bool is_package = entry.path.name() == "__init__.py";
        const SafePath module = is_package ? folder : entry.path;
        const std::string_view name = packaging::customize_module(module.name());
        const bool is_one = !name.empty() && (!is_package || name == module.name());
        if (is_one && is_on_path(module.parent(), scheme)) {
            hooks.push_back({.kind = std::string(name), .path = entry.path.str()});
        }
    }
    return hooks;
}

}  // namespace envpack::wheel
