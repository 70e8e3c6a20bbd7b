#include "tree_text.hpp"

#include "envpack/base/bytes.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <span>

namespace envpack::env {
namespace {

constexpr std::size_t overlap = 256;
constexpr std::size_t window_size = 1u << 20;

/// nullptr when there is no such regular file.
Result<std::unique_ptr<ByteSource>> open_through_links(const archive::FileTree& tree,
                                                       const SafePath& path, std::size_t max_size) {
    // Nearly always the path is no link, and then this is the only look-up.
    ENVPACK_TRY(auto info, tree.lookup(path));
    SafePath target = path;
    if (!info || info->type == archive::FileType::symlink) {
        ENVPACK_TRY(auto resolved, archive::resolve(tree, path));
        if (!resolved) {
            return nullptr;
        }
        target = *std::move(resolved);
        ENVPACK_TRY(info, tree.lookup(target));
    }
    if (!info || info->type != archive::FileType::regular) {
        return nullptr;
    }
    if (info->size > max_size) {
        return fail(Error(ErrorCode::limit_exceeded, "`" + path.str() + "` is too long")
                        .with_path(path.str()));
    }
    return tree.open(target);
}

Result<std::size_t> fill(ByteSource& from, std::span<char> into) {
    return read_full(from, std::as_writable_bytes(into));
}

bool ends_header(std::string_view text, std::size_t from) noexcept {
    from = std::max<std::size_t>(from, 3) - 3;
    return text.find("\n\n", from) != std::string_view::npos ||
           text.find("\n\r\n", from) != std::string_view::npos;
}

}  // namespace

bool is_fault_of_text(const Error& error) noexcept {
    return error.code() == ErrorCode::parse_error || error.code() == ErrorCode::limit_exceeded;
}

Result<std::string> read_front(const archive::FileTree& tree, const SafePath& path,
                               std::size_t size) {
    ENVPACK_TRY(const auto source, tree.open(path));
    std::string text(size, '\0');
    ENVPACK_TRY(const std::size_t count, fill(*source, std::span(text)));
    text.resize(count);
    return text;
}

Result<std::optional<std::string>> read_header(const archive::FileTree& tree, const SafePath& path,
                                               std::size_t max_size) {
    ENVPACK_TRY(const auto source, open_through_links(tree, path, max_size));
    if (source == nullptr) {
        return std::optional<std::string>();
    }
    std::string text;
    for (std::size_t step = 8u << 10;; step *= 2) {
        const std::size_t before = text.size();
        text.resize(before + step);
        ENVPACK_TRY(const std::size_t count, fill(*source, std::span(text).subspan(before)));
        text.resize(before + count);
        if (count < step || ends_header(text, before)) {
            return std::optional(std::move(text));
        }
        if (text.size() > max_size) {
            return fail(
                Error(ErrorCode::limit_exceeded, "the header of `" + path.str() + "` is too long")
                    .with_path(path.str()));
        }
    }
}

Result<std::optional<std::string>> read_if_there(const archive::FileTree& tree,
                                                 const SafePath& path, std::size_t max_size) {
    ENVPACK_TRY(const auto source, open_through_links(tree, path, max_size));
    if (source == nullptr) {
        return std::optional<std::string>();
    }
    ENVPACK_TRY(std::string text,
                with_context(read_all(*source, max_size), "while reading `" + path.str() + "`"));
    return std::optional(std::move(text));
}

Result<std::optional<std::string>> read_if_small(const archive::FileTree& tree,
                                                 const SafePath& path, std::size_t max_size) {
    auto text = read_if_there(tree, path, max_size);
    if (!text && text.error().code() == ErrorCode::limit_exceeded) {
        return std::optional<std::string>();
    }
    return text;
}

Result<std::optional<archive::FileInfo>> stat_directly(const archive::FileTree& tree,
                                                       const SafePath& path) {
    ENVPACK_TRY(auto info, tree.lookup(path));
    if (info && info->type != archive::FileType::symlink) {
        return info;
    }
    return archive::stat(tree, path);
}

Result<std::optional<SafePath>> find_directory(const archive::FileTree& tree,
                                               std::string_view text) {
    const auto path = SafePath::normalize(text);
    if (!path) {
        return std::optional<SafePath>();
    }
    ENVPACK_TRY(auto target, archive::resolve(tree, *path));
    if (!target) {
        return std::optional<SafePath>();
    }
    ENVPACK_TRY(const auto info, tree.lookup(*target));
    if (!info || info->type != archive::FileType::directory) {
        return std::optional<SafePath>();
    }
    return target;
}

Result<std::optional<std::string>> scan_file(
    const archive::FileTree& tree, const SafePath& path, std::size_t max_size,
    const std::function<std::optional<std::string>(std::string_view window)>& examine,
    const RunContext& run) {
    ENVPACK_TRY(const auto opened,
                open_through_links(tree, path, std::numeric_limits<std::size_t>::max()));
    if (opened == nullptr) {
        return std::optional<std::string>();
    }
    ByteSource& source = *opened;
    std::string window(overlap + window_size, '\0');
    std::size_t kept = 0;
    for (std::size_t total = 0; total < max_size;) {
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(const std::size_t count,
                    fill(source, std::span(window).subspan(kept, window_size)));
        const std::string_view seen(window.data(), kept + count);
        if (auto found = examine(seen)) {
            return found;
        }
        if (count < window_size) {
            break;
        }
        total += count;
        kept = std::min(overlap, seen.size());
        std::memmove(window.data(), seen.data() + seen.size() - kept, kept);
    }
    return std::optional<std::string>();
}

}  // namespace envpack::env
