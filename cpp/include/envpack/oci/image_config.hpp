#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/oci/descriptor.hpp"
#include "envpack/oci/platform.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::oci {

/// A view of an image config (image-spec config.md). Only what envpack needs is typed; a change is
/// made to `document`, so that Healthcheck, OnBuild, Shell and what else a base image says
/// survive. Value; not synchronised.
struct ImageConfig {
    Platform platform;
    std::vector<std::string> env = {};  ///< "NAME=value", in order
    std::string user = {};
    std::string working_dir = {};
    std::optional<std::vector<std::string>> entrypoint = std::nullopt;  ///< nullopt: absent or null
    std::optional<std::vector<std::string>> cmd = std::nullopt;
    Annotations labels = {};
    std::vector<Digest> diff_ids = {};  ///< sha256 of each layer's tar, lowest first: claims only
    std::size_t history_layers = 0;     ///< history entries that stand for a layer
    json::Value document;

    /// parse_error with rule `oci.config`. rootfs.type must be "layers".
    static Result<ImageConfig> parse(std::string_view raw);
};

/// The value of `name` in config.env; the last one wins, as in an engine. nullopt when unset.
std::optional<std::string> env_value(const ImageConfig& config, std::string_view name);

}  // namespace envpack::oci
