#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/env/inventory.hpp"

#include <vector>

namespace envpack::env {

/// What one folder of sys.path holds. Value; not synchronised.
struct ScannedFolder {
    /// In the order in which pip meets them: dist-info and egg-info by name, eggs, egg-links.
    std::vector<FrozenPackage> packages = {};
    std::vector<Skipped> skipped = {};
    std::vector<Problem> problems = {};
};

/// Names and versions only: the names of the folder are known, and a file is opened only where the
/// folder name does not tell the version.
Result<ScannedFolder> scan_folder(const archive::FileTree& tree, const SitePath& site,
                                  const Limits& limits);

/// Sets `version` and the flags that follow from it (legacy-version, prerelease, local, local-only)
/// from `raw_version`.
void set_version(FrozenPackage& package);

}  // namespace envpack::env
