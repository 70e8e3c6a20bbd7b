#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/pipeline/build.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace envpack::pipeline {

/// What --add brings, not yet placed onto an image. Value; not synchronised.
struct AddedFiles {
    /// Files have their sha256, and stand for the file on this machine that Content::file() names.
    std::vector<archive::PlannedEntry> entries = {};
    std::size_t left_out = 0;  ///< byte code that can be made again, folders of version control
};

/// Reads the files of `add` from the disk, in their order. `image` is what they are put onto: it
/// decides whether a destination is a folder; `workdir` is absolute. not_found for a source that is
/// not there; invalid_argument (rule `add.destination`) for a file without a name, (rule
/// `add.special-file`) for a device, fifo or socket, (rule `add.name`) for a name that no layer of
/// envpack has. The files must not change before the entries are written; their sha256 tells.
Result<AddedFiles> read_added_files(const std::vector<AddedPath>& add, const std::string& workdir,
                                    const archive::FileTree& image, const RunContext& run,
                                    const Limits& limits = {});

}  // namespace envpack::pipeline
