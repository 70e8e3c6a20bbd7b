#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <optional>
#include <string>
#include <string_view>

// How an installed CPython is laid out: which folder is its prefix, which minor version it has.

namespace envpack::env {

/// "3.11" with the flag of a free-threaded build: what `python3.13t` says.
struct MinorVersion {
    unsigned major = 0;
    unsigned minor = 0;
    std::string abi_flags = {};
    std::string library_name() const;  ///< "python3.13t"
};

/// From `python3.11`, the name of an executable or of a library folder; nullopt for anything else,
/// `python3` included.
std::optional<MinorVersion> parse_python_name(std::string_view name);

/// `python`, `python3`, `python3.11`, `python3.13t`: what may start an interpreter.
bool is_python_name(std::string_view name);

/// The standard library of the highest minor version in `prefix`/lib and lib64, seen by its
/// landmark os.py; nullopt when there is none.
Result<std::optional<MinorVersion>> find_library(const archive::FileTree& tree,
                                                 const SafePath& prefix);

/// The first folder from `from` upwards that holds the standard library of `version`, as CPython's
/// getpath.py looks for it.
Result<std::optional<SafePath>> find_prefix(const archive::FileTree& tree, SafePath from,
                                            const MinorVersion& version);

/// The highest minor version of the `site-packages` folders in `prefix`: for a virtual environment
/// whose interpreter is elsewhere.
Result<std::optional<MinorVersion>> find_site_version(const archive::FileTree& tree,
                                                      const SafePath& prefix);

}  // namespace envpack::env
