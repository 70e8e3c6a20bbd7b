#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/packaging/package_name.hpp"

#include <map>
#include <string>
#include <vector>

namespace envpack::env {

/// What conda says about one package: the name of its record in conda-meta.
struct CondaRecord {
    std::string version;
    std::string build;
};
using CondaRecords = std::map<packaging::PackageName, CondaRecord>;

/// The records of `prefix`/conda-meta, from their names; empty where there is no such folder.
Result<CondaRecords> read_conda_records(const archive::FileTree& tree, const SafePath& prefix);

/// Completes `package` as `detail` asks: INSTALLER, direct_url.json and conda's records decide its
/// form; the metadata gives its requirements. What is broken becomes a flag and a problem.
Result<void> read_details(const archive::FileTree& tree, FrozenPackage& package,
                          InventoryDetail detail, const CondaRecords& conda,
                          std::vector<Problem>& problems, const Limits& limits);

}  // namespace envpack::env
