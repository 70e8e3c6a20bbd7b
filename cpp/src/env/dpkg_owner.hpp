#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <optional>
#include <string>

namespace envpack::env {

/// The Debian package that installed `path` (dpkg-query(1) --search), by the file lists of
/// `/var/lib/dpkg/info`. Only packages called `python3-…` are looked at, as Debian's Python policy
/// names modules. nullopt when none of them lists it.
Result<std::optional<std::string>> dpkg_owner(const archive::FileTree& tree, const SafePath& path);

/// Is `path` one of the lists that dpkg_owner() reads?
bool is_dpkg_list(const SafePath& path);

}  // namespace envpack::env
