#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/archive/stacked_tree.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/oci/image.hpp"
#include "envpack/pipeline/source.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::pipeline {

/// An image with its documents taken apart; no layer has been read. Value; not synchronised.
struct ImageDocuments {
    Source source;
    oci::ImagePtr image;
    oci::Manifest manifest;
    oci::ImageConfig config;

    /// Of the manifest; nullopt for a docker-archive, whose manifest is made up.
    std::optional<Digest> digest() const;
};

/// invalid_argument or unsupported for a source that is no image.
Result<ImageDocuments> read_documents(const std::string& source, const UserConfig& user,
                                      const RunContext& run);

/// The text at `key`; empty when there is none.
std::string text_member(const json::Value& object, std::string_view key);

/// What the history says of a layer.
struct LayerHistory {
    std::string created_by;
    std::string comment;
};

/// Of the layers, lowest first. Published images have too few entries at the end.
std::vector<LayerHistory> layer_history(const oci::ImageConfig& config);

/// What is in an image, every byte of it read once. Value; not synchronised.
struct ImageContent {
    std::shared_ptr<const archive::StackedTree> tree;
    std::optional<env::Inventory> inventory;  ///< none: the image has no Python
};

/// Files of the tree have their sha256; RECORD files are at hand.
Result<ImageContent> read_content(const ImageDocuments& documents, const RunContext& run);

}  // namespace envpack::pipeline
