#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/inventory.hpp"
#include "scan_folder.hpp"

#include <cstddef>
#include <unordered_map>
#include <vector>

namespace envpack::env {

/// One package a name out of the folders of sys.path. One thread.
class PackageChoice {
public:
    PackageChoice(const archive::FileTree& tree, const Limits& limits, const RunContext& run)
        : tree_(tree), limits_(limits), run_(run) {}

    /// Takes the packages of the next folder of sys.path.
    Result<void> add_folder(ScannedFolder folder, PathOrigin origin);

    /// Moves everything into `inventory`, the packages sorted by name.
    void finish(Inventory& inventory) &&;

private:
    /// Puts into `kept` the one of several in one folder that counts, and notes the others.
    Result<void> settle(FrozenPackage& kept, std::vector<FrozenPackage> rivals);
    /// The place of the best in `candidates`, which differ and are in one folder.
    Result<std::size_t> best_of(const std::vector<FrozenPackage>& candidates);

    const archive::FileTree& tree_;
    const Limits& limits_;
    const RunContext& run_;
    std::vector<FrozenPackage> packages_;
    std::unordered_map<packaging::PackageName, std::size_t> index_;
    std::vector<Skipped> skipped_;
    std::vector<Problem> problems_;
    std::size_t records_left_ = 32;  ///< a RECORD can be large, and of an image far away
};

}  // namespace envpack::env
