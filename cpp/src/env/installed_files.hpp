#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace envpack::env {

/// How the files of a tree agree with the RECORD of a distribution. Value; not synchronised.
struct RecordFit {
    std::size_t sized = 0;    ///< rows with a size, those of the dist-info folder itself left out
    std::size_t misfit = 0;   ///< of these: the file is gone or has another size
    std::size_t missing = 0;  ///< rows of any kind whose file is gone
    std::string first_missing = {};  ///< as RECORD writes it

    /// Whether a smaller part of the files contradicts this RECORD than `other`.
    bool is_better_than(const RecordFit& other) const noexcept;
};

/// Looks for every file that `dist_info`/RECORD lists; contents are not read. Byte code is left
/// out: installers compile it, and images drop it. nullopt when there is no RECORD, or none that
/// can be read. Source: PEP 376, PEP 627.
Result<std::optional<RecordFit>> compare_record(const archive::FileTree& tree,
                                                const SafePath& dist_info, const Limits& limits,
                                                const RunContext& run);

/// A file and what the tree says of it.
struct InstalledFile {
    SafePath path;
    archive::FileInfo info;
};

/// The file that a row of a RECORD means, in `folder`, the one that holds the dist-info folder,
/// behind all links. A link that leads nowhere is given as itself; nullopt when nothing is there.
Result<std::optional<InstalledFile>> find_installed_file(const archive::FileTree& tree,
                                                         const SafePath& folder,
                                                         std::string_view row);

}  // namespace envpack::env
