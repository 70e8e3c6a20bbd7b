#pragma once

#include "envpack/archive/file_tree.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace envpack::archive {

/// A tree in memory: FileTree's in-memory version. Build it, then share it; missing parents are
/// made (0755) as paths are added. Adding a path twice replaces it. Adding below a file asserts.
/// Thread-safe once built.
class MemoryTree final : public FileTree {
public:
    MemoryTree();

    /// Asserts that `path` is a well-formed SafePath text; for "" (the root) only add_directory.
    MemoryTree& add_file(std::string_view path, std::string text, std::uint32_t mode = 0644);
    MemoryTree& add_directory(std::string_view path, std::uint32_t mode = 0755);
    MemoryTree& add_symlink(std::string_view path, std::string target);
    /// Any entry with all its facts; `text` is used for a regular file, and sets its size.
    MemoryTree& add(const SafePath& path, FileInfo info, std::string text = {});

    Result<std::optional<FileInfo>> lookup(const SafePath& path) const override;
    Result<std::vector<std::string>> list(const SafePath& path) const override;
    Result<std::unique_ptr<ByteSource>> open(const SafePath& path) const override;

private:
    struct Node {
        FileInfo info;
        std::shared_ptr<const std::string> text;
    };
    void add_parents(const SafePath& path);
    /// Ordered so that the children of a directory lie together.
    std::map<std::string, Node, std::less<>> nodes_;
};

}  // namespace envpack::archive
