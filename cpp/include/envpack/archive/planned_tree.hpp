#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/archive/file_tree.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace envpack::archive {

/// A tree with planned entries on top: what a container of the image will see, before a layer is
/// written. The entries are placed already (oci::place_onto()): no link of the tree lies in their
/// way, and each of their folders is an entry or in the tree. Of two entries at one path the later
/// counts. Thread-safe once built.
class PlannedTree final : public FileTree {
public:
    explicit PlannedTree(std::shared_ptr<const FileTree> below);

    void add(const std::vector<PlannedEntry>& placed);
    /// nullptr where no entry was added, whatever the tree below has.
    const PlannedEntry* planned(const SafePath& path) const noexcept;

    Result<std::optional<FileInfo>> lookup(const SafePath& path) const override;
    Result<std::vector<std::string>> list(const SafePath& path) const override;
    Result<std::unique_ptr<ByteSource>> open(const SafePath& path) const override;

private:
    std::shared_ptr<const FileTree> below_;
    std::map<std::string, PlannedEntry, std::less<>> entries_;  ///< by path
};

}  // namespace envpack::archive
