#pragma once

#include "envpack/base/clock.hpp"
#include "envpack/oci/image.hpp"
#include "envpack/oci/platform.hpp"

namespace envpack::oci {

/// An image without layers for `platform`, of the OCI family: what `FROM scratch` starts from, and
/// to be appended to: image-spec's schema wants an image to have a layer.
ImagePtr empty_image(const Platform& platform, UnixTime created);

}  // namespace envpack::oci
