#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace envpack::wheel {

/// What goes when an installed distribution is removed, as its RECORD says (PEP 376, PEP 627), with
/// the byte code of its sources; sorted. Files of its dist-info folder are left out.
///
/// `tree` is the prefix, which is `prefix` on this machine; the dist-info folders are paths in it.
/// A RECORD is a file that anybody may have written, so what it names outside of the prefix, what
/// makes the environment one (pyvenv.cfg, the interpreter) and what one of the `others` lists too
/// is not given. unsupported without a RECORD that can be read: nobody knows then what to remove.
Result<std::vector<SafePath>> files_to_remove(const archive::FileTree& tree,
                                              std::string_view prefix, const SafePath& dist_info,
                                              std::span<const SafePath> others,
                                              const Limits& limits = {});

/// The files that RECORD of `dist_info` lists, as paths in the tree, sorted; those outside of it
/// left out. Empty when there is no RECORD that can be read.
Result<std::vector<SafePath>> recorded_files(const archive::FileTree& tree, std::string_view prefix,
                                             const SafePath& dist_info, const Limits& limits = {});

}  // namespace envpack::wheel
