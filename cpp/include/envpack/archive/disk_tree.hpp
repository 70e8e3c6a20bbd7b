#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/file.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace envpack::archive {

/// A folder of the host as a tree; `/` for the machine itself. The folder is opened once, every
/// path below it is walked with openat2(RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS), or segment by
/// segment with O_NOFOLLOW where the kernel lacks that: a link that somebody puts in the way while
/// we read is never followed (reliability.md, T2 and T5). Thread-safe.
///
/// Not seen: names that no SafePath can hold (invalid UTF-8, control characters).
class DiskTree final : public FileTree {
public:
    /// How paths are walked; `by_segments` is for kernels and sandboxes without openat2, and is
    /// found out by itself.
    enum class Walk : std::uint8_t { openat2, by_segments };

    /// Opens the root; a root that is no directory is reported by the calls below.
    explicit DiskTree(std::filesystem::path root, Walk walk = Walk::openat2);

    Result<std::optional<FileInfo>> lookup(const SafePath& path) const override;
    Result<std::vector<std::string>> list(const SafePath& path) const override;
    Result<std::unique_ptr<ByteSource>> open(const SafePath& path) const override;

    /// The same file for reading at any place. not_found when `path` is no regular file.
    Result<FileHandle> open_file(const SafePath& path) const;

    const std::filesystem::path& root() const noexcept { return root_; }

private:
    /// A handle without a descriptor when there is nothing, or only behind a link.
    Result<FileHandle> open_at(const SafePath& path, int flags) const;
    FileHandle open_by_segments(const SafePath& path, int flags) const;

    std::filesystem::path root_;
    FileHandle handle_;  ///< of the root
    int root_error_ = 0;
    mutable std::atomic<bool> has_openat2_;
};

}  // namespace envpack::archive
