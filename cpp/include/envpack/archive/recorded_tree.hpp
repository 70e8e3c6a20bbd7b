#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/archive/layer_listing.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::archive {

/// The paths of `tree`, and the bytes of files that `keep` names, as RecordedTree reads them: those
/// of up to `max_file` bytes, 16 MiB in all. `tree` knows its root.
Result<std::string> record_of_tree(const FileTree& tree, const CaptureFilter& keep,
                                   const RunContext& run, std::uint64_t max_file = 64u << 10);

/// A tree that was read before, and is searched where its record lies. Files whose bytes are not in
/// the record are opened in the tree itself, which is read when the first of them is wanted.
/// Of a record that was changed nothing is promised but that it is read within its bounds.
/// Thread-safe.
class RecordedTree final : public FileTree {
public:
    using TreePtr = std::shared_ptr<const FileTree>;

    /// nullptr when `record` is none.
    static std::unique_ptr<const RecordedTree> make(SharedText record,
                                                    std::function<Result<TreePtr>()> read);

    Result<std::optional<FileInfo>> lookup(const SafePath& path) const override;
    Result<std::vector<std::string>> list(const SafePath& path) const override;
    Result<std::unique_ptr<ByteSource>> open(const SafePath& path) const override;

private:
    struct Row;
    struct Place;  // of a path: its folder, and its name in there
    RecordedTree(SharedText record, std::size_t count, std::function<Result<TreePtr>()> read);
    Row row(std::size_t index) const;
    std::string_view text(const Row& row, std::size_t offset, std::size_t size) const;
    std::size_t lower_bound(const Place& place) const;
    std::optional<Row> find(std::string_view path) const;
    friend Result<std::string> record_of_tree(const FileTree&, const CaptureFilter&,
                                              const RunContext&, std::uint64_t);

    SharedText record_;
    std::size_t count_;
    std::function<Result<TreePtr>()> read_;
    mutable std::mutex mutex_;
    mutable TreePtr tree_;
};

}  // namespace envpack::archive
