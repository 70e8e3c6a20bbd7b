#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace envpack::env {

/// More than any distribution has.
inline constexpr std::size_t max_sbom_documents = 1000;

/// The bills of materials that a distribution brings: all regular files below the folder `sboms` of
/// its dist-info, sorted. At most max_sbom_documents, and one more where there are others.
/// Source: PEP 770.
Result<std::vector<std::string>> sbom_documents(const archive::FileTree& tree,
                                                const SafePath& dist_info);

}  // namespace envpack::env
