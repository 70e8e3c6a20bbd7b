#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"

#include <compare>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace envpack::env {

/// How an installed distribution is not what its RECORD says. Value; not synchronised.
struct RecordMismatch {
    /// record.no-file (a row without a file), record.size, record.hash-mismatch, record.no-regular
    /// (something else than a file), or those of packaging::RecordProblem and Record::read().
    std::string rule;
    std::string path;  ///< as RECORD writes it; empty for the RECORD as a whole
    std::string message;
    /// Index of the image layer that brought the file that differs, behind all links; none where
    /// there is no such file, and for the RECORD as a whole.
    std::optional<std::size_t> layer = std::nullopt;
    auto operator<=>(const RecordMismatch&) const = default;
};

/// Compares every file that `dist_info`/RECORD lists with its row, contents included, in the order
/// of the rows. Byte code that is not there is no mismatch: installers compile it, and images drop
/// it. Rows without hash and size promise only that the file is there. Files that no row names are
/// not looked for. Source: PEP 376, PEP 627.
///
/// Digests that the tree knows (FileInfo::sha256) are taken from it; other files are read.
Result<std::vector<RecordMismatch>> check_installed_record(const archive::FileTree& tree,
                                                           const SafePath& dist_info,
                                                           const Limits& limits = {},
                                                           const RunContext& run = {});

}  // namespace envpack::env
