#pragma once

#include "envpack/base/result.hpp"
#include "envpack/oci/image.hpp"

namespace envpack::oci {

/// `image` with OCI media types throughout; itself when it has no others. Config and layers keep
/// their digests, the manifest gets a new one. Needed for what Docker's schema 2 cannot say (zstd,
/// annotations), for an image that mixes the families, and before an image goes into a layout:
/// containers/image (skopeo, podman) finds only OCI manifests there.
Result<ImagePtr> as_oci(const ImagePtr& image);

}  // namespace envpack::oci
