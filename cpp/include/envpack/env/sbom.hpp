#pragma once

#include "envpack/base/clock.hpp"
#include "envpack/base/json.hpp"
#include "envpack/env/inventory.hpp"

#include <string>

// Software bills of materials. Both formats want a time and an identity of the document: these
// derive from the content and SOURCE_DATE_EPOCH, so that the same inventory gives the same bytes.

namespace envpack::env {

struct SbomOptions {
    std::string envpack_version = {};
    UnixTime created = 315532800;  ///< SOURCE_DATE_EPOCH, else 1980-01-01
};

/// The package as a package URL: `pkg:pypi/torch@2.3.0%2Bcu121`, with `vcs_url` or `download_url`
/// where it came from a URL. Source: package-url specification, type `pypi`.
std::string package_url(const FrozenPackage& package);

/// CycloneDX 1.6: a component for each package, with its package URL, and the dependencies between
/// them where metadata was read. Source: ECMA-424.
json::Value to_cyclonedx(const Inventory& inventory, const SbomOptions& options = {});

/// SPDX 2.3: a package for each, described by the document, related by DEPENDS_ON.
/// Source: SPDX specification 2.3.
json::Value to_spdx(const Inventory& inventory, const SbomOptions& options = {});

}  // namespace envpack::env
