#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/oci/descriptor.hpp"
#include "envpack/oci/media_type.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::oci {

/// A view of an image index (image-spec image-index.md) or of Docker's manifest list. Unknown keys
/// live on in `document`. Value; not synchronised.
struct ImageIndex {
    std::string media_type;
    Family family = Family::oci;
    std::vector<Descriptor> manifests;
    Annotations annotations = {};
    json::Value document;

    /// As Manifest::parse. In addition, rule `oci.mixed-families` refuses an index that lists
    /// manifests of the other family.
    static Result<ImageIndex> parse(std::string_view raw, std::string_view media_type = {});
    /// The index.json of an image layout: mediaType may be absent, and entries of either family
    /// stand side by side there (docker save writes such layouts).
    static Result<ImageIndex> parse_layout_index(std::string_view raw);
};

/// The entry of `index` for `wanted`: the best match among images; entries that are no image
/// (attestations, unknown types) are passed over. not_found names the platforms that exist.
Result<Descriptor> select_platform(const std::vector<Descriptor>& manifests,
                                   const Platform& wanted);

}  // namespace envpack::oci
