#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/oci/descriptor.hpp"
#include "envpack/oci/manifest.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::oci {

inline constexpr std::string_view docker_manifest_file = "manifest.json";

/// One entry of the manifest.json of an archive of docker save. Value; not synchronised.
struct DockerImage {
    std::vector<std::string> names = {};      ///< RepoTags, as written
    std::string raw_manifest = {};            ///< made up: OCI, canonical JSON
    Descriptor manifest = {};                 ///< of raw_manifest
    std::map<Digest, SafePath> members = {};  ///< where config and layers lie in the tree
};

/// The images in an archive, in its order. The digest of an uncompressed layer is the config's
/// diff_id, of others what their name says, and without either they are hashed: claims all, which
/// reading verifies.
Result<std::vector<DockerImage>> read_docker_images(const archive::FileTree& tree,
                                                    const Limits& limits, const RunContext& run);

/// A name of an image in an archive that is written. Value; not synchronised.
struct DockerSave {
    Manifest manifest;
    Digest digest;          ///< of the manifest
    std::string name = {};  ///< RepoTag; empty for none
};

/// The manifest.json that names blobs where an image layout has them: one entry an image, with all
/// its names.
std::string docker_manifest(const std::vector<DockerSave>& images);

}  // namespace envpack::oci
