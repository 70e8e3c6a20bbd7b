#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/site_packages.hpp"

#include <string>
#include <vector>

namespace envpack::env {

/// The constraints files that processes of a tree are told of by `PIP_CONSTRAINT` and
/// `UV_CONSTRAINT`, without those that its configuration files name: enough to know, before an
/// image is read, which of its files matter.
std::vector<std::string> constraint_paths(const Environment& environment);

/// Reads the constraints files of the base (PIP_CONSTRAINT, else pip's configuration files;
/// UV_CONSTRAINT; `constraint-dependencies` of /etc/uv/uv.toml), compares them with what is
/// installed and fills Inventory::constraint_files. What is missing, unreadable or different is a
/// problem (`constraint-file`, `constraint-differs`).
/// Source: pip documentation, "Constraints Files"; uv documentation, "Configuration files".
Result<void> compare_constraint_files(Inventory& inventory, const archive::FileTree& tree,
                                      const Environment& environment);

}  // namespace envpack::env
