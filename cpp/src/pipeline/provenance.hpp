#pragma once

#include "build_image.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/json.hpp"
#include "envpack/pipeline/build.hpp"

#include <string>

namespace envpack::pipeline {

/// An in-toto statement (v1) about the image of that name and digest, with SLSA's provenance (v1)
/// as its predicate; what its members hold is in docs/reference/provenance.md. The same build gives
/// the same bytes: nothing of when and where it ran is told, no credentials, no values of
/// variables. `image.materials` must be there.
json::Value provenance_of(const BuiltImage& image, const std::string& name, const Digest& digest,
                          const BuildOptions& options);

}  // namespace envpack::pipeline
