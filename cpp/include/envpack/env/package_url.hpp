#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/packaging/package_name.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace envpack::env {

/// Where the wheel of an installed package came from, as a lock tells it: no image says it of a
/// package of an index. Value; not synchronised.
struct PackageOrigin {
    packaging::PackageName name;
    std::string version = {};                     ///< that was installed
    std::string file_name = {};                   ///< of the wheel; of the sdist it was built from
    std::optional<Digest> sha256 = std::nullopt;  ///< of that file
    /// Of the wheel that was installed, where it is not that file.
    std::optional<Digest> built_sha256 = std::nullopt;
    std::string url = {};     ///< of that file, or of the repository; empty: a path
    std::string vcs = {};     ///< of a repository: "git"
    std::string commit = {};  ///< the same
    std::string index = {};   ///< empty: the default index, or none; purl has no word for both
};

/// The URL as it may be told to everybody: without user, password, query and fragment, where
/// download links carry their signatures. Empty for a place on one machine.
std::string public_url(std::string_view url);

/// Where a package that no index gave was taken from, as SPDX 2.3 (7.7) spells a download
/// location: `git+https://host/repo@commit`, `https://host/x.whl`. Empty where nobody else could
/// take it from there.
std::string direct_location(const FrozenPackage& package);

/// The package as a package URL: `pkg:pypi/torch@2.3.0%2Bcu121`, with the qualifier `vcs_url` or
/// `download_url` where it came from a place of its own, `repository_url` where the index is not
/// the default one. `origin` may be null. Source: ECMA-427; purl-spec, type `pypi`.
std::string package_url(const FrozenPackage& package, const PackageOrigin* origin = nullptr);

/// The same of what a lock names.
std::string package_url(const PackageOrigin& origin);

}  // namespace envpack::env
