#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace envpack::archive {

enum class FileType : std::uint8_t {
    regular,
    directory,
    symlink,
    other,  ///< device, fifo, socket: seen in foreign trees, never written by envpack
};

/// What a tree knows about one path, without following a link at the path itself.
/// Value; not synchronised.
struct FileInfo {
    FileType type = FileType::regular;
    std::uint64_t size = 0;  ///< bytes of a regular file, else 0
    std::uint32_t mode = 0;  ///< permission bits with setuid, setgid and sticky
    std::uint64_t uid = 0;
    std::uint64_t gid = 0;
    std::int64_t mtime = 0;                           ///< Unix time, whole seconds
    std::string link_target = {};                     ///< of a symlink, as written
    std::optional<std::size_t> layer = std::nullopt;  ///< index of the image layer that brought it
    std::optional<Digest> sha256 = std::nullopt;  ///< of a regular file, where the tree knows it
};

/// A read-only tree of files: a folder on disk, an image's stacked layers, or memory. Paths name
/// their entry exactly: no symlink in them is followed (see resolve()). Entries whose name no
/// SafePath can hold (invalid UTF-8, control characters) are not part of any tree. Thread-safe.
class FileTree {
public:
    virtual ~FileTree() = default;
    /// nullopt when nothing is there. The root is always a directory.
    virtual Result<std::optional<FileInfo>> lookup(const SafePath& path) const = 0;
    /// The names in a directory, sorted bytewise. not_found when `path` is no directory.
    virtual Result<std::vector<std::string>> list(const SafePath& path) const = 0;
    /// The bytes of a regular file. not_found when `path` is none.
    virtual Result<std::unique_ptr<ByteSource>> open(const SafePath& path) const = 0;
};

/// The path behind all symlinks in `path`, its last segment included, as a process that has the
/// tree as its root directory would see it: absolute targets start at the tree's root, `..` never
/// leaves it. nullopt when it leads nowhere or loops (over 40 links, as Linux counts them).
Result<std::optional<SafePath>> resolve(const FileTree& tree, const SafePath& path);

/// lookup() of resolve(): what stat() would tell.
Result<std::optional<FileInfo>> stat(const FileTree& tree, const SafePath& path);

/// The whole regular file behind resolve(); not_found when there is none, limit_exceeded when it
/// is longer than `max_size` bytes.
Result<std::string> read_file(const FileTree& tree, const SafePath& path, std::size_t max_size);

/// Calls `visit` for every path but the root, a directory before what is in it.
Result<void> walk_tree(
    const FileTree& tree,
    const std::function<Result<void>(const SafePath& path, const FileInfo& info)>& visit,
    const RunContext& run);

}  // namespace envpack::archive
