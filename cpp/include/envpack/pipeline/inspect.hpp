#pragma once

#include "envpack/archive/stacked_tree.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace envpack::pipeline {

/// A package and the version that is installed, as it spells itself.
struct ImagePackage {
    std::string name;
    std::string version;
    friend bool operator==(const ImagePackage&, const ImagePackage&) = default;
};

/// One layer of an image, lowest first. Value; not synchronised.
struct ImageLayer {
    Digest digest;   ///< of the blob
    Digest diff_id;  ///< of the tar
    std::string media_type;
    std::uint64_t size = 0;       ///< of the blob, bytes
    std::uint64_t tar_size = 0;   ///< unpacked
    std::uint64_t members = 0;    ///< of the tar
    std::string created_by = {};  ///< of the image's history; empty when unknown
    std::string comment = {};
    std::vector<ImagePackage> packages = {};  ///< that it brings, sorted by name
    /// Of the table of contents, where the layer is an eStargz (archive/estargz.hpp).
    std::optional<Digest> estargz_toc = std::nullopt;
};

/// A file with the same bytes as one of a lower layer; a hard link to that one is none. Value; not
/// synchronised.
struct DuplicateFile {
    std::string path;
    std::size_t layer = 0;  ///< index of the one that the bytes lie in
    std::uint64_t size = 0;
    std::string same_as;
    std::size_t same_layer = 0;
};

/// What is in an image. Value; not synchronised.
struct InspectReport {
    std::string source;            ///< as it was given
    std::optional<Digest> digest;  ///< of the manifest; none in a docker-archive
    Digest config_digest;
    std::string media_type;  ///< of the manifest
    std::string platform;
    std::string python;            ///< its version; empty: the image has none
    json::Value config = {};       ///< the `config` object of the image's config: Env, User, …
    std::string created = {};      ///< as the image's config has it
    json::Value annotations = {};  ///< of the manifest
    std::vector<ImageLayer> layers = {};
    /// Visible files of at least `smallest_duplicate` bytes, the largest first.
    std::vector<DuplicateFile> duplicates = {};
    static constexpr std::uint64_t smallest_duplicate = 4096;
    /// What layers do to links and directories of the layers below them.
    std::vector<archive::LayerChange> changes = {};

    json::Value to_json() const;
    std::string to_text() const;
};

/// Reads all of an image: digests, sizes and diff_ids are checked on the way. Nothing is unpacked
/// or executed. invalid_argument for a source that is no image.
Result<InspectReport> inspect(const std::string& source, const UserConfig& user = user_config(),
                              const RunContext& run = {});

}  // namespace envpack::pipeline
