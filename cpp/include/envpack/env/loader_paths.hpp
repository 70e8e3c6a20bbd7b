#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/env/site_packages.hpp"

#include <string>
#include <vector>

namespace envpack::env {

/// Where the dynamic loader of a tree looks for libraries, beside what files say themselves.
/// Value; not synchronised.
struct LoaderPaths {
    std::vector<std::string> environment = {};  ///< LD_LIBRARY_PATH, in order
    std::vector<std::string> system = {};       ///< ld.so.conf, then the loader's own folders
    /// Below each folder, whoever names it, glibc from 2.33 on looks into these first: those of
    /// `glibc-hwcaps` that the processor has (ld.so(8)). Here those of x86-64-v3 (AVX2): Haswell,
    /// Zen and later. Other machines have none.
    std::vector<std::string> hwcaps = {"glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v2"};
};

/// From LD_LIBRARY_PATH, /etc/ld.so.conf with its includes, the files of musl, and what glibc has
/// built in on Debian and Red Hat. The loader itself reads /etc/ld.so.cache instead of ld.so.conf:
/// here the cache counts as up to date, as the container runtime of NVIDIA makes it at each start.
Result<LoaderPaths> loader_paths(const archive::FileTree& tree, const Environment& environment,
                                 const Limits& limits = {});

/// Whether loader_paths() may read the content of this file, as inventory_wants().
bool loader_paths_want(const SafePath& path, const archive::FileInfo& info);

}  // namespace envpack::env
