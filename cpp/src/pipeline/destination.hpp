#pragma once

#include "envpack/base/result.hpp"
#include "envpack/oci/target.hpp"
#include "envpack/pipeline/source.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <memory>
#include <string>

namespace envpack::pipeline {

/// Where an image is to be written: a Source that is an image, with the tag that it will have there
/// (`latest` where none was given; in a docker-archive a full reference). Nothing is touched.
/// unsupported for what envpack does not write; parse_error (rule `oci.reference`) for a NAME of a
/// docker-archive that is none.
Result<Source> parse_destination(const std::string& text);

/// Opens it for writing: a layout is made if needed, an archive appears with its first tag.
Result<std::shared_ptr<oci::Target>> open_destination(const Source& destination,
                                                      const UserConfig& user);

}  // namespace envpack::pipeline
