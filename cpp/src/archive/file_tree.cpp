#include "envpack/archive/file_tree.hpp"

#include "envpack/base/text.hpp"
#include "path_walk.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

/// Pushes the segments of `text` so that the first one is at the back.
void push_segments(std::vector<std::string>& pending, std::string_view text) {
    const std::vector<std::string_view> segments = text::split(text, '/');
    for (auto it = segments.rbegin(); it != segments.rend(); ++it) {
        if (!it->empty() && *it != ".") {
            pending.emplace_back(*it);
        }
    }
}

/// nullopt for a name that no SafePath can hold, and so no tree shows.
std::optional<SafePath> below(const SafePath& folder, const std::string& segment) {
    const Result<SafePath> name = SafePath::normalize(segment);
    if (!name || name->str() != segment) {
        return std::nullopt;
    }
    return folder.join(*name);
}

}  // namespace

Result<std::optional<SafePath>> resolve(const FileTree& tree, const SafePath& path) {
    // The common case in one call: lookup() follows no link, so what it finds is resolved, unless
    // it is a link itself.
    ENVPACK_TRY(const std::optional<FileInfo> direct, tree.lookup(path));
    if (direct && direct->type != FileType::symlink) {
        return path;
    }
    std::vector<std::string> pending;
    push_segments(pending, path.str());
    SafePath current;
    int links = 0;
    while (!pending.empty()) {
        const std::string segment = std::move(pending.back());
        pending.pop_back();
        if (segment == "..") {
            current = current.parent();
            continue;
        }
        std::optional<SafePath> next = below(current, segment);
        if (!next) {
            return std::nullopt;
        }
        ENVPACK_TRY(const std::optional<FileInfo> info, tree.lookup(*next));
        if (!info) {
            return std::nullopt;
        }
        if (info->type == FileType::symlink) {
            if (++links > max_links || info->link_target.empty()) {
                return std::nullopt;
            }
            if (info->link_target.front() == '/') {
                current = SafePath();
            }
            push_segments(pending, info->link_target);
            continue;
        }
        if (info->type != FileType::directory && !pending.empty()) {
            return std::nullopt;  // ENOTDIR
        }
        current = *std::move(next);
    }
    return current;
}

Result<std::optional<FileInfo>> stat(const FileTree& tree, const SafePath& path) {
    ENVPACK_TRY(const std::optional<SafePath> resolved, resolve(tree, path));
    if (!resolved) {
        return std::nullopt;
    }
    return tree.lookup(*resolved);
}

Result<std::string> read_file(const FileTree& tree, const SafePath& path, std::size_t max_size) {
    ENVPACK_TRY(const std::optional<SafePath> resolved, resolve(tree, path));
    if (!resolved) {
        return fail(Error(ErrorCode::not_found, fmt::format("there is no file `{}`", path.str()))
                        .with_path(path.str()));
    }
    ENVPACK_TRY(const std::unique_ptr<ByteSource> source, tree.open(*resolved));
    return with_context(read_all(*source, max_size), fmt::format("while reading `{}`", path.str()));
}

Result<void> walk_tree(
    const FileTree& tree,
    const std::function<Result<void>(const SafePath& path, const FileInfo& info)>& visit,
    const RunContext& run) {
    std::vector<SafePath> pending{SafePath()};
    while (!pending.empty()) {
        const SafePath folder = std::move(pending.back());
        pending.pop_back();
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(const std::vector<std::string> names, tree.list(folder));
        for (const std::string& name : names) {
            const SafePath path = folder / name;
            ENVPACK_TRY(const auto info, tree.lookup(path));
            if (!info) {
                continue;  // gone since it was listed
            }
            ENVPACK_CHECK(visit(path, *info));
            if (info->type == FileType::directory) {
                pending.push_back(path);
            }
        }
    }
    return {};
}

}  // namespace envpack::archive
