#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "envpack/pipeline/user_indexes.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace envpack::pipeline {

struct VerifyOptions {
    std::string image = {};  ///< a Source that is an image
    /// A pylock.toml that the image is said to have been built from: it is built again.
    std::optional<std::filesystem::path> lock = std::nullopt;
    /// The base to build on. None: that of the lock.
    std::optional<std::string> base = std::nullopt;
    bool no_build = false;  ///< as BuildOptions::no_build
    IndexOptions indexes = {};
};

/// Something that is wrong with the image.
struct VerifyProblem {
    std::string rule;  ///< "oci.diff-id", "record.hash-mismatch", "verify.layer"
    std::string text;  ///< one line
};

/// What was checked, and what is wrong. Value; not synchronised.
struct VerifyReport {
    std::string image;             ///< as it was given
    std::optional<Digest> digest;  ///< of the manifest; none in a docker-archive, or when unread
    std::size_t layers = 0;
    std::size_t distributions = 0;  ///< whose RECORD was checked
    bool rebuilt = false;           ///< from the lock, and compared
    /// After a rebuild: whether its manifest has the same digest. It cannot have it where the image
    /// was given a config of its own (--env, --label, …): then the layers count. None for a
    /// docker-archive, whose manifest is made up.
    std::optional<bool> same_digest = std::nullopt;
    std::vector<VerifyProblem> problems = {};
    /// Files of the base that were not what their RECORD says before envpack added layers.
    /// Distributors strip libraries and drop files without changing it, so they are only told. What
    /// a layer above does to a file of the base is among `problems`; a distribution whose RECORD it
    /// deletes too is not looked at.
    std::vector<VerifyProblem> base_problems = {};

    json::Value to_json() const;
    std::string to_text() const;
};

/// Reads every byte of an image and checks it: digest and size of manifest, config and layers, the
/// diff_id of each layer, and every file that the RECORD of an installed distribution lists. The
/// history tells which layers envpack put on a base. With a lock the layers are built again, at the
/// prefix and time that the image's config names, and compared by diff_id, so another compression
/// does not matter (rules verify.layer, verify.layer-count). What is wrong is a problem, not an
/// error; errors are what keeps from looking: no such image, no permission, no index.
Result<VerifyReport> verify(const VerifyOptions& options, const UserConfig& user = user_config(),
                            const RunContext& run = {});

}  // namespace envpack::pipeline
