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

/// A view of an image manifest (image-spec manifest.md; Docker schema 2). What is written out
/// again is `document`, so that keys unknown to envpack survive. Value; not synchronised.
struct Manifest {
    std::string media_type;  ///< as declared in the body, else by the descriptor that led here
    Family family = Family::oci;
    std::string artifact_type = {};
    Descriptor config;
    std::vector<Descriptor> layers;  ///< lowest first
    std::optional<Descriptor> subject = std::nullopt;
    Annotations annotations = {};
    json::Value document;

    /// `media_type` is what the descriptor or the Content-Type promised; empty when nothing did.
    /// Refused with rule `oci.media-type`: a body that says otherwise, no type at all, a Docker
    /// manifest that does not name its type. With rule `oci.ambiguous-document`: a body that could
    /// be read as an index as well (CVE-2021-41190). With rule `oci.schema1`: Docker schema 1.
    static Result<Manifest> parse(std::string_view raw, std::string_view media_type = {});

    /// True when config or layers are of the other family than the manifest: readable, but never
    /// extended.
    bool is_mixed() const noexcept;
};

}  // namespace envpack::oci
