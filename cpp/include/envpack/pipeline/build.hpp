#pragma once

#include "envpack/archive/compression.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "envpack/pipeline/user_indexes.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace envpack::pipeline {

struct BuildOptions {
    std::filesystem::path input = {};  ///< a pylock.toml or a virtual environment
    /// oci:DIR[:TAG] or oci-archive:FILE[:TAG], the tag is `latest` if left out; or
    /// docker-archive:FILE[:NAME]; or dir:DIR, skopeo's image folder. A file or image folder that
    /// is there already is replaced.
    std::string output = {};
    /// A Source that is an image. None: the base that the lock was resolved for.
    std::optional<std::string> base = std::nullopt;
    std::string prefix = "/opt/venv";             ///< of the environment in the image
    std::map<std::string, std::string> env = {};  ///< variables to set
    std::map<std::string, std::string> labels = {};
    std::map<std::string, std::string> annotations = {};  ///< of the manifest
    std::vector<std::string> ports = {};                  ///< "8080", "53/udp"
    std::vector<std::string> volumes = {};                ///< absolute paths
    /// Of the layers that are added. Every engine reads gzip; zstd is smaller and faster, and
    /// unknown to Docker before 23, umoci 0.4.
    archive::Compression compression = archive::Compression::gzip;
    std::optional<std::string> user = std::nullopt;
    std::optional<std::string> working_dir = std::nullopt;
    std::optional<std::vector<std::string>> entrypoint = std::nullopt;
    std::optional<std::vector<std::string>> cmd = std::nullopt;
    /// Write one constraints file of the final image, and name it by PIP_CONSTRAINT and
    /// UV_CONSTRAINT, so that what pip and uv install there later cannot break it.
    bool constraints = true;
    bool no_build = false;  ///< packages of the lock without a wheel are an error
    IndexOptions indexes = {};
};

/// One layer that was put on the base.
struct BuiltLayer {
    std::string title;       ///< "numpy 2.1.0"; "12 packages"
    Digest digest;           ///< of the blob
    Digest diff_id;          ///< of the tar
    std::uint64_t size = 0;  ///< of the blob, bytes
};

/// What a build made. Value; not synchronised.
struct BuildReport {
    std::string output;  ///< as it was given
    Digest digest;       ///< of the manifest: the image's identity
    Digest base_digest;
    std::vector<BuiltLayer> layers = {};
    std::vector<std::string> notes = {};  ///< what a person should know

    json::Value to_json() const;
    std::string to_text() const;
};

/// Puts an environment onto a base image: wheels of a lock are fetched, verified and turned into
/// layers in memory; a virtual environment is taken apart by distribution. Nothing is unpacked on
/// this machine and none of the packages' code runs. The same input, base and SOURCE_DATE_EPOCH
/// give the same digest. `output` appears whole or not at all.
Result<BuildReport> build(const BuildOptions& options, const UserConfig& user = user_config(),
                          const RunContext& run = {});

}  // namespace envpack::pipeline
