#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/oci/image_config.hpp"
#include "envpack/oci/layer.hpp"
#include "envpack/oci/manifest.hpp"

#include <memory>
#include <string>
#include <vector>

namespace envpack::oci {

/// An immutable image. The raw JSON is kept: digests cover bytes, not structs. Whoever makes an
/// Image has checked that manifest, config and layers agree in number. Thread-safe.
class Image {
public:
    virtual ~Image() = default;
    virtual const std::string& media_type() const noexcept = 0;  ///< of the manifest
    virtual const std::string& raw_manifest() const noexcept = 0;
    virtual const std::string& raw_config() const noexcept = 0;
    virtual const std::vector<LayerPtr>& layers() const noexcept = 0;  ///< lowest first
};

using ImagePtr = std::shared_ptr<const Image>;

// What can be derived from an image's bytes.
Result<Manifest> manifest_of(const Image& image);
Result<ImageConfig> config_of(const Image& image);
Digest digest_of(const Image& image);  ///< of the manifest: the image's identity
/// Points at the manifest, without annotations and platform.
Descriptor descriptor_of(const Image& image);

/// An image from its parts, checked: the config descriptor describes `raw_config`, the manifest
/// lists exactly the blobs of `layers`, the config as many diff_ids. digest_mismatch or
/// parse_error (rules `oci.config-digest`, `oci.diff-ids`, `oci.history`).
Result<ImagePtr> make_image(std::string media_type, std::string raw_manifest,
                            std::string raw_config, std::vector<LayerPtr> layers);

}  // namespace envpack::oci
