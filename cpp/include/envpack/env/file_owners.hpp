#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/env/inventory.hpp"

#include <cstddef>
#include <optional>
#include <unordered_map>

namespace envpack::env {

/// Which distribution brought a file, by the RECORD files of an inventory (PEP 376). Immutable.
class FileOwners {
public:
    FileOwners() = default;
    /// A RECORD that cannot be read names nothing. Of images, captures of InventoryDetail::files
    /// are needed.
    static Result<FileOwners> read(const archive::FileTree& tree, const Inventory& inventory,
                                   const RunContext& run);

    /// Index into Inventory::packages; `path` is behind all links of its folders.
    std::optional<std::size_t> owner(const SafePath& path) const;

private:
    std::unordered_map<SafePath, std::size_t> owners_;
};

}  // namespace envpack::env
