#include "venv_walk.hpp"

#include "envpack/wheel/venv_layers.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace envpack::wheel {

bool is_spare_bytecode(std::string_view name, const std::vector<std::string>& siblings) {
    return name == "__pycache__" ||
           (name.ends_with(".pyc") &&
            std::ranges::binary_search(siblings, name.substr(0, name.size() - 1)));
}

namespace {

/// Cache Directory Tagging Specification: the first bytes of CACHEDIR.TAG.
constexpr std::string_view cache_tag = "CACHEDIR.TAG";
constexpr std::string_view cache_signature = "Signature: 8a477f597d28d172789f06886806bc55";

/// What pip, uv and conda keep for themselves. An environment of uv is tagged as a whole, so its
/// top does not count.
Result<bool> is_cache(const archive::FileTree& tree, const SafePath& folder,
                      const std::vector<std::string>& names) {
    const auto has = [&](std::string_view name) { return std::ranges::binary_search(names, name); };
    if (folder.is_root()) {
        return false;
    }
    if (folder.parent().is_root() &&
        (folder.name() == ".cache" || (folder.name() == "pkgs" && has("urls.txt")))) {
        return true;
    }
    if (!has(cache_tag)) {
        return false;
    }
    const SafePath tag = folder / cache_tag;
    ENVPACK_TRY(const auto info, tree.lookup(tag));
    if (!info || info->type != archive::FileType::regular) {
        return false;
    }
    ENVPACK_TRY(const auto source, tree.open(tag));
    std::string head(cache_signature.size(), '\0');
    ENVPACK_TRY(const std::size_t count, source->read(std::as_writable_bytes(std::span(head))));
    return std::string_view(head).substr(0, count) == cache_signature;
}

}  // namespace

Result<std::vector<WalkedPath>> walk_venv(const archive::FileTree& tree, const RunContext& run,
                                          const Limits& limits) {
    std::vector<WalkedPath> found;
    std::vector<SafePath> pending = {SafePath()};
    while (!pending.empty()) {
        ENVPACK_CHECK(run.check());
        const SafePath folder = std::move(pending.back());
        pending.pop_back();
        ENVPACK_TRY(const std::vector<std::string> names, tree.list(folder));
        ENVPACK_TRY(const bool left_out, is_cache(tree, folder, names));
        if (left_out) {
            continue;
        }
        if (names.empty() && !folder.is_root()) {
            found.push_back({folder, {.type = archive::FileType::directory, .mode = 0755}});
        }
        for (const std::string& name : names) {
            if (is_spare_bytecode(name, names)) {
                continue;
            }
            const SafePath path = folder / name;
            if (name.starts_with(".wh.")) {
                return fail(
                    Error(ErrorCode::invalid_argument,
                          fmt::format("`{}` cannot be stored in an image layer", path.str()))
                        .with_rule("wheel.whiteout-name"));
            }
            ENVPACK_TRY(std::optional<archive::FileInfo> info, tree.lookup(path));
            if (!info) {
                continue;  // removed since list()
            }
            if (info->type == archive::FileType::directory) {
                pending.push_back(path);
                continue;
            }
            if (found.size() >= limits.max_entries) {
                return fail(
                    ErrorCode::limit_exceeded,
                    fmt::format("the environment has more than {} files", limits.max_entries));
            }
            found.push_back({path, *std::move(info)});
        }
    }
    std::ranges::sort(found, {}, &WalkedPath::path);
    return found;
}

}  // namespace envpack::wheel
