#pragma once

#include "envpack/base/clock.hpp"
#include "envpack/base/result.hpp"
#include "envpack/oci/image.hpp"
#include "envpack/oci/layer.hpp"

#include <optional>
#include <string>
#include <vector>

namespace envpack::oci {

/// One layer to put on top, and what the image's history says about it.
struct Addendum {
    LayerPtr layer;
    std::string created_by = {};
    std::string comment = {};
};

struct AppendOptions {
    UnixTime created = 0;  ///< of the new config and its history entries: never the clock
    /// The fully qualified reference that the user gave for the base, if it had a tag: becomes
    /// org.opencontainers.image.base.name (OCI family only).
    std::optional<std::string> base_name = std::nullopt;
    /// The digest for org.opencontainers.image.base.digest; nullopt means that of `base`.
    std::optional<Digest> base_digest = std::nullopt;
};

/// Docker's graph driver cannot run images with more layers than this (maxLayerDepth).
inline constexpr std::size_t max_layers = 125;

/// `base` with layers on top: a new image. Base descriptors and unknown keys stay as they are;
/// the manifest and its new layers are of the base's family. A history that is shorter than the
/// base's layers is filled up with empty entries, so that the two stay aligned. limit_exceeded
/// (rule `oci.layer-count`) beyond max_layers; unsupported (rule `oci.mixed-families`) for a base
/// that mixes media types, and for zstd layers on a Docker manifest.
Result<ImagePtr> append(const ImagePtr& base, const std::vector<Addendum>& additions,
                        const AppendOptions& options);

}  // namespace envpack::oci
