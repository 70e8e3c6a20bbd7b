#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/archive/disk_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "venv_move.hpp"

#include <string>
#include <vector>

namespace envpack::wheel {

/// One path of an environment on disk and what becomes of it. Value; not synchronised.
struct VenvFile {
    SafePath path;                ///< relative to the environment
    archive::PlannedEntry entry;  ///< for the image; a regular file has its sha256
    bool left_out = false;        ///< entry means nothing
    std::vector<std::string> notes = {};
};

/// Everything in the environment but byte code that can be made again, sorted bytewise by path,
/// with the old prefix rewritten where venv_layers.hpp says so. RECORD files are as on disk.
/// Without `tests`, what is in a folder of that name below site-packages is left out.
Result<std::vector<VenvFile>> read_venv(const archive::DiskTree& tree, const VenvMove& move,
                                        bool tests, const RunContext& run, const Limits& limits);

}  // namespace envpack::wheel
