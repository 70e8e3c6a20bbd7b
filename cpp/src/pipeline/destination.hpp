#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/oci/descriptor.hpp"
#include "envpack/oci/image.hpp"
#include "envpack/oci/target.hpp"
#include "envpack/pipeline/source.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace envpack::pipeline {

/// Where an image is to be written: a Source that is an image, with the tag that it will have there
/// (`latest` where none was given; in a docker-archive a full reference); or `dir:`, which stands
/// for skopeo's image folder here and not, as in a Source, for a root file system. Nothing is
/// touched.
/// unsupported for what envpack does not write; parse_error (rule `oci.reference`) for a NAME of a
/// docker-archive that is none.
Result<Source> parse_destination(const std::string& text);

/// The place, for blobs that an earlier build may have left there; nullptr where there are none
/// yet, and for what is written anew each time.
std::shared_ptr<const oci::Fetcher> blobs_of(const Source& destination);

/// Where layers on their way there are best written: on the file system of the destination, so that
/// they need not be copied; where that cannot be had, below the user's cache.
std::filesystem::path scratch_of(const Source& destination, const UserConfig& user);

/// Writes the image there: a layout is made if needed, a file or folder appears whole. Gives the
/// manifest's descriptor.
Result<oci::Descriptor> write_image(const oci::Image& image, const Source& destination,
                                    const UserConfig& user, const RunContext& run);

}  // namespace envpack::pipeline
