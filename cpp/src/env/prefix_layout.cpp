#include "prefix_layout.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <tuple>

namespace envpack::env {
namespace {

constexpr std::array<std::string_view, 2> library_folders = {"lib", "lib64"};

Result<bool> has_landmark(const archive::FileTree& tree, const SafePath& library) {
    for (const std::string_view landmark : {"os.py", "os.pyc"}) {
        ENVPACK_TRY(const auto info, archive::stat(tree, library / landmark));
        if (info && info->type == archive::FileType::regular) {
            return true;
        }
    }
    return false;
}

/// The highest `pythonX.Y` folder in lib and lib64 of `prefix` that `accept` takes.
Result<std::optional<MinorVersion>> find_version(
    const archive::FileTree& tree, const SafePath& prefix,
    const std::function<Result<bool>(const SafePath&)>& accept) {
    std::optional<MinorVersion> best;
    const auto rank = [](const MinorVersion& v) { return std::tie(v.major, v.minor); };
    for (const std::string_view folder : library_folders) {
        ENVPACK_TRY(const auto libraries, archive::resolve(tree, prefix / folder));
        if (!libraries) {
            continue;
        }
        const auto names = tree.list(*libraries);
        if (!names) {
            continue;
        }
        for (const std::string& name : *names) {
            const auto version = parse_python_name(name);
            if (!version || (best && rank(*version) <= rank(*best))) {
                continue;
            }
            ENVPACK_TRY(const bool accepted, accept(*libraries / name));
            if (accepted) {
                best = version;
            }
        }
    }
    return best;
}

}  // namespace

std::string MinorVersion::library_name() const {
    return "python" + std::to_string(major) + '.' + std::to_string(minor) + abi_flags;
}

std::optional<MinorVersion> parse_python_name(std::string_view name) {
    constexpr std::string_view prefix = "python";
    if (!name.starts_with(prefix)) {
        return std::nullopt;
    }
    name.remove_prefix(prefix.size());
    const char* const end = name.data() + name.size();
    MinorVersion version;
    const auto major = std::from_chars(name.data(), end, version.major);
    if (major.ec != std::errc() || major.ptr == end || *major.ptr != '.') {
        return std::nullopt;
    }
    const auto minor = std::from_chars(major.ptr + 1, end, version.minor);
    if (minor.ec != std::errc()) {
        return std::nullopt;
    }
    version.abi_flags.assign(minor.ptr, end);
    if (!version.abi_flags.empty() && version.abi_flags != "t") {
        return std::nullopt;
    }
    return version;
}

bool is_python_name(std::string_view name) {
    return name == "python" || name == "python3" || parse_python_name(name).has_value();
}

Result<std::optional<MinorVersion>> find_library(const archive::FileTree& tree,
                                                 const SafePath& prefix) {
    return find_version(tree, prefix,
                        [&](const SafePath& library) { return has_landmark(tree, library); });
}

Result<std::optional<SafePath>> find_prefix(const archive::FileTree& tree, SafePath from,
                                            const MinorVersion& version) {
    for (;;) {
        for (const std::string_view folder : library_folders) {
            ENVPACK_TRY(const bool found,
                        has_landmark(tree, from / folder / version.library_name()));
            if (found) {
                return std::optional(std::move(from));
            }
        }
        if (from.is_root()) {
            return std::optional<SafePath>();
        }
        from = from.parent();
    }
}

Result<std::optional<MinorVersion>> find_site_version(const archive::FileTree& tree,
                                                      const SafePath& prefix) {
    return find_version(tree, prefix, [&](const SafePath& library) -> Result<bool> {
        ENVPACK_TRY(const auto info, archive::stat(tree, library / "site-packages"));
        return info && info->type == archive::FileType::directory;
    });
}

}  // namespace envpack::env
