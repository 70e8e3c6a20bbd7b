#include "whole_image.hpp"

#include "envpack/oci/image_tree.hpp"

#include <utility>
#include <vector>

#include <fmt/format.h>

namespace envpack::pipeline {

std::optional<Digest> ImageDocuments::digest() const {
    if (source.kind == Source::Kind::docker_archive) {
        return std::nullopt;
    }
    return oci::digest_of(*image);
}

Result<ImageDocuments> read_documents(const std::string& source, const UserConfig& user,
                                      const RunContext& run) {
    ENVPACK_TRY(Source parsed, Source::parse(source));
    ENVPACK_TRY(oci::ImagePtr image, open_image(parsed, user, run));
    ENVPACK_TRY(oci::Manifest manifest, oci::manifest_of(*image));
    ENVPACK_TRY(oci::ImageConfig config, oci::config_of(*image));
    return ImageDocuments{.source = std::move(parsed),
                          .image = std::move(image),
                          .manifest = std::move(manifest),
                          .config = std::move(config)};
}

std::string text_member(const json::Value& object, std::string_view key) {
    const json::Value* const value = object.find(key);
    return value != nullptr && value->as_string() != nullptr ? *value->as_string() : std::string();
}

std::vector<LayerHistory> layer_history(const oci::ImageConfig& config) {
    std::vector<LayerHistory> layers;
    const json::Value* const history = config.document.find("history");
    if (history == nullptr || history->as_array() == nullptr) {
        return layers;
    }
    for (const json::Value& entry : *history->as_array()) {
        const json::Value* const empty = entry.find("empty_layer");
        if (empty == nullptr || empty->as_bool() == nullptr || !*empty->as_bool()) {
            layers.push_back({.created_by = text_member(entry, "created_by"),
                              .comment = text_member(entry, "comment")});
        }
    }
    return layers;
}

Result<ImageContent> read_content(const ImageDocuments& documents, const RunContext& run) {
    const auto reading = fmt::format("while reading `{}`", documents.source.text);
    ImageContent content;
    ENVPACK_TRY(content.tree,
                with_context(oci::open_hashed_tree(
                                 *documents.image,
                                 env::inventory_filter(env::InventoryDetail::files), {}, run),
                             reading));
    Result<env::Inventory> inventory =
        env::take_inventory(*content.tree,
                            {.source = documents.source.text,
                             .environment = environment_of(documents.config),
                             .detail = env::InventoryDetail::pins},
                            run);
    if (inventory) {
        content.inventory = *std::move(inventory);
    } else if (inventory.error().code() != ErrorCode::not_found) {
        return fail(std::move(inventory).error().with_context(reading));
    }
    return content;
}

}  // namespace envpack::pipeline
