#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"

#include <vector>

namespace envpack::wheel {

struct WalkedPath {
    SafePath path;
    archive::FileInfo info;
};

/// The files, links and empty directories of a tree, sorted bytewise by path, without
/// `__pycache__` folders, .pyc files that lie beside their source, and caches. Fails with
/// limit_exceeded, and with rule `wheel.whiteout-name` for a name that a layer would take for a
/// deletion.
Result<std::vector<WalkedPath>> walk_venv(const archive::FileTree& tree, const RunContext& run,
                                          const Limits& limits);

}  // namespace envpack::wheel
