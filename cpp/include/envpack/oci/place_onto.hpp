#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"

#include <vector>

namespace envpack::oci {

/// The entries of a layer that puts `entries` onto `base` without touching what the base has.
///
/// A directory entry in a layer rewrites the attributes of the base's directory, and one over a
/// symbolic link replaces the link: that is how appended layers lose the sticky bit of /tmp and
/// make a usr-merged image unbootable. So each path is walked through the base's links
/// (`lib/x` becomes `usr/lib/x`), directories that the base has are left out, and those that it
/// lacks are added with mode 0755. Files that the base has byte for byte, with the same mode, are
/// left out. Sorted as merge_entries().
///
/// Refused as invalid_argument: rule `layer.base-file` for other bytes over a file of the base,
/// `layer.base-link` over or through a link that leads nowhere, `layer.base-type` where the kinds
/// clash, `layer.whiteout-name` for a name that starts with `.wh.` (image-spec layer.md,
/// "Whiteouts": it cannot be expressed), `plan.path-conflict` where two entries meet.
Result<std::vector<archive::PlannedEntry>> place_onto(const archive::FileTree& base,
                                                      std::vector<archive::PlannedEntry> entries);

}  // namespace envpack::oci
