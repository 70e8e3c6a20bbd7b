#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace envpack::pipeline {

/// One of the two images. Value; not synchronised.
struct DiffSide {
    std::string source;            ///< as it was given
    std::optional<Digest> digest;  ///< of the manifest; none in a docker-archive
    Digest config_digest;
    std::vector<Digest> layers = {};    ///< blobs, lowest first
    std::vector<Digest> diff_ids = {};  ///< their tars
};

/// A package whose version is not the same in both; none where it is missing.
struct PackageDifference {
    std::string name;
    std::optional<std::string> a;
    std::optional<std::string> b;
};

/// A path that is not the same in both, of what a container would see. Value; not synchronised.
struct FileDifference {
    std::string path;
    bool in_a = false;
    bool in_b = false;
    /// Of a path in both: `type`, `content`, `target`, `mode`, `owner`, `time`.
    std::vector<std::string> what = {};
};

/// A setting that is not the same in both; null where it is missing.
struct ConfigDifference {
    std::string key;  ///< "architecture", "history", "config.Env.PATH", "config.Labels.team"
    json::Value a;
    json::Value b;
};

/// How two images differ. Value; not synchronised.
struct DiffReport {
    DiffSide a;
    DiffSide b;
    std::vector<PackageDifference> packages = {};  ///< sorted by name
    std::vector<FileDifference> files = {};        ///< sorted by path
    std::vector<ConfigDifference> config = {};     ///< sorted by key

    /// The same manifest (where both have one), config and diff_ids.
    bool equal() const;
    /// Nothing that a container could see differs: packages, files and config are the same.
    /// Images that are not equal and have the same content were packed differently, as by a
    /// registry or engine that compresses anew.
    bool same_content() const;
    json::Value to_json() const;
    std::string to_text() const;
};

/// Compares two images; every byte of both is read unless they have the same layers. Extended
/// attributes are not compared. Packages are those of the first Python on each image's PATH.
Result<DiffReport> diff(const std::string& a, const std::string& b,
                        const UserConfig& user = user_config(), const RunContext& run = {});

}  // namespace envpack::pipeline
