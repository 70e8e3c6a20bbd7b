#pragma once

#include "envpack/base/clock.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/json.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/package_url.hpp"

#include <string>
#include <vector>

// Software bills of materials: the Python packages of an environment or image, also those that are
// hidden by others of the same name. What else is in an image (packages of its distribution, files
// that nobody installed) is not told, and CycloneDX says so.
//
// Both formats want a time and an identity of the document. These derive from the content and
// SOURCE_DATE_EPOCH, so that the same packages give the same bytes on every machine; neither
// credentials nor paths of a machine are told.

namespace envpack::env {

/// What a bill of materials is of. Value; not synchronised.
struct SbomSubject {
    std::string name = "environment";
    std::string digest = {};  ///< of an image's manifest
    bool is_image = false;
    /// Paths of the inventory begin at the root of this machine: only what lies below the prefix of
    /// its Python is told, from there.
    bool is_of_this_machine = false;
    std::string base_name = {};       ///< of the image that it was built on
    std::string base_digest = {};     ///< empty: no base, or not known
    std::vector<Digest> layers = {};  ///< of an image, lowest first; empty: not known
};

struct SbomOptions {
    std::string envpack_version = {};
    UnixTime created = 315532800;  ///< SOURCE_DATE_EPOCH, else 1980-01-01
    SbomSubject subject = {};
    std::vector<PackageOrigin> origins = {};  ///< of packages of the inventory, by name and version
};

/// CycloneDX 1.6: a component for each package, with its package URL, the dependencies between
/// them where metadata was read. What has no field of its own is a property `envpack:…`, see
/// docs/reference/sbom.md. Source: ECMA-424.
json::Value to_cyclonedx(const Inventory& inventory, const SbomOptions& options = {});

/// SPDX 2.3: a package for the subject, described by the document, and one for each that it
/// CONTAINS, related by DEPENDS_ON. Source: SPDX specification 2.3.
json::Value to_spdx(const Inventory& inventory, const SbomOptions& options = {});

}  // namespace envpack::env
