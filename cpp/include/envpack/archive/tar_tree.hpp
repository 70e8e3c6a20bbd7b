#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace envpack::archive {

/// A tar archive on disk as a tree, for archives of a few large files (an image in one file): the
/// members are listed once, contents are then read where they lie. Listing seeks over large
/// members, so it takes as long for 10 GB as for 10 MB. Thread-safe.
///
/// Stricter than a tar that is unpacked: one name is one member, and no member lies below a file or
/// link. Hard links name an earlier regular file. Rules beside those of TarReader: path.unsafe,
/// tar.duplicate-name, tar.link-target.
class TarTree final : public FileTree {
public:
    /// `path` is a tar, plain or compressed with gzip or zstd. A compressed one is first unpacked
    /// into a nameless file below `scratch`, which is created when it is needed and whose space is
    /// given back with the tree and its last stream.
    static Result<std::shared_ptr<const TarTree>> open(const std::filesystem::path& path,
                                                       const std::filesystem::path& scratch,
                                                       const Limits& limits = {},
                                                       const RunContext& run = {});
    ~TarTree() override;

    Result<std::optional<FileInfo>> lookup(const SafePath& path) const override;
    Result<std::vector<std::string>> list(const SafePath& path) const override;
    /// The stream may outlive the tree.
    Result<std::unique_ptr<ByteSource>> open(const SafePath& path) const override;

private:
    struct State;
    explicit TarTree(std::unique_ptr<const State> state) noexcept;
    std::unique_ptr<const State> state_;
};

}  // namespace envpack::archive
