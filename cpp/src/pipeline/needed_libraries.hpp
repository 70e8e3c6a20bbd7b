#pragma once

#include "build_base.hpp"
#include "envpack/archive/content.hpp"
#include "envpack/archive/planned_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/site_packages.hpp"
#include "envpack/pipeline/build.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <string>
#include <vector>

namespace envpack::pipeline {

/// Shared libraries for the files of --add. Value; not synchronised.
struct NeededLibraries {
    std::vector<CopiedLibrary> libraries = {};        ///< by path
    std::vector<archive::PlannedEntry> entries = {};  ///< the same, for a layer
};

/// What the programs and shared objects among `added` (placed, and part of `image` already) need,
/// directly or through others, and the image's loader would not find: copied from where the loader
/// of this machine finds it for the file that was added. `variables` are those of the finished
/// image.
///
/// A copy lies where the image has its C library, under the name that is asked for: glibc and musl
/// look into that folder whatever `ld.so.cache` and RUNPATH say, so nothing has to be run or set in
/// the image, and no LD_LIBRARY_PATH goes before the libraries that Python packages bring.
///
/// Never copied: the C library, libraries of the driver, and what the image has in another version.
Result<NeededLibraries> needed_libraries(const std::vector<archive::PlannedEntry>& added,
                                         const archive::PlannedTree& image, const BuildBase& base,
                                         const env::Environment& variables, const UserConfig& user,
                                         const RunContext& run);

}  // namespace envpack::pipeline
