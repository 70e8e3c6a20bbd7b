#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/oci/image.hpp"
#include "envpack/oci/target.hpp"

#include <string_view>

namespace envpack::oci {

/// Layers (in parallel), then config, then manifest, then the tag: a reader of `to` sees the whole
/// image or none. What is already there is not sent again; base layers from elsewhere are streamed
/// and verified. The one function that writes images. Gives the manifest's descriptor.
Result<Descriptor> push_image(const Image& image, Target& to, std::string_view tag,
                              const RunContext& run = {});

}  // namespace envpack::oci
