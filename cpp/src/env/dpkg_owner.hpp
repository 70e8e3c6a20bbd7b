#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace envpack::env {

/// The Debian package that installed `path` (dpkg-query(1) --search), by the file lists of
/// `/var/lib/dpkg/info`. Only packages called `python3-…` are looked at, as Debian's Python policy
/// names modules. nullopt when none of them lists it.
Result<std::optional<std::string>> dpkg_owner(const archive::FileTree& tree, const SafePath& path);

/// Where dpkg keeps a list of the files of each package.
inline constexpr std::string_view dpkg_lists_folder = "var/lib/dpkg/info";

/// The package that a file there lists: `libssl3` of `libssl3:amd64.list`, as it is called where
/// packages of several machines can be there. nullopt for another kind of file.
std::optional<std::string_view> package_of_dpkg_list(std::string_view filename);

/// Is `path` one of the lists that dpkg_owner() reads?
bool is_dpkg_list(const SafePath& path);

}  // namespace envpack::env
