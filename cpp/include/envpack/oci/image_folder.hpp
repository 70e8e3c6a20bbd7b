#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/oci/image.hpp"

#include <filesystem>

namespace envpack::oci {

/// Writes one image as the files of skopeo's `dir:` transport: `manifest.json`, each blob under the
/// hexadecimal digits of its digest, and `version`. Such a folder has no name for its image and
/// holds only one. Gives the manifest's descriptor.
///
/// The folder appears whole. In place of one that is there it is put only when that is empty or
/// has the `version` file; else invalid_argument with rule `oci.not-an-image-folder`.
/// Source: containers/image, directory/directory_dest.go and docs/containers-transports.5.md.
Result<Descriptor> write_image_folder(const Image& image, const std::filesystem::path& folder,
                                      const RunContext& run = {});

/// Whether write_image_folder() would accept that place, found out before any work is done.
Result<void> check_image_folder(const std::filesystem::path& folder);

}  // namespace envpack::oci
