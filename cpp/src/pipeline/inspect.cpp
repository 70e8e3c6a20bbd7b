#include "envpack/pipeline/inspect.hpp"

#include "whole_image.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace envpack::pipeline {
namespace {

std::vector<ImageLayer> layers_of_image(const ImageDocuments& documents,
                                        const ImageContent& content) {
    const auto history = layer_history(documents.config);
    std::vector<ImageLayer> layers;
    for (std::size_t i = 0; i < documents.image->layers().size(); ++i) {
        const oci::Layer& layer = *documents.image->layers()[i];
        const archive::LayerListing& listing = content.tree->layer(i);
        layers.push_back({.digest = layer.descriptor().digest,
                          .diff_id = layer.diff_id(),
                          .media_type = layer.descriptor().media_type,
                          .size = layer.descriptor().size,
                          .tar_size = listing.tar_size(),
                          .members = listing.size() + listing.skipped()});
        if (i < history.size()) {
            layers.back().created_by = history[i].created_by;
            layers.back().comment = history[i].comment;
        }
    }
    if (content.inventory) {
        for (const env::FrozenPackage& package : content.inventory->packages) {
            if (package.layer) {
                layers.at(*package.layer)
                    .packages.push_back({package.name.to_string(), package.raw_version});
            }
        }
    }
    return layers;
}

/// Of several files with the same bytes in lower layers, the first by path in the lowest is named.
Result<std::vector<DuplicateFile>> duplicates_of(const archive::FileTree& tree,
                                                 const RunContext& run) {
    struct FilePlace {
        std::size_t layer;
        std::string path;
        std::uint64_t size;
        auto operator<=>(const FilePlace&) const = default;
    };
    std::map<Digest, std::vector<FilePlace>> by_content;
    ENVPACK_CHECK(walk_tree(
        tree,
        [&](const SafePath& path, const archive::FileInfo& info) -> Result<void> {
            if (info.sha256 && info.layer && info.size >= InspectReport::smallest_duplicate) {
                by_content[*info.sha256].push_back({*info.layer, path.str(), info.size});
            }
            return {};
        },
        run));
    std::vector<DuplicateFile> duplicates;
    for (auto& [digest, places] : by_content) {
        const FilePlace first = *std::ranges::min_element(places);
        for (FilePlace& place : places) {
            if (place.layer > first.layer) {
                duplicates.push_back({.path = std::move(place.path),
                                      .layer = place.layer,
                                      .size = place.size,
                                      .same_as = first.path,
                                      .same_layer = first.layer});
            }
        }
    }
    std::ranges::sort(duplicates, [](const DuplicateFile& a, const DuplicateFile& b) {
        return std::tie(b.size, a.path) < std::tie(a.size, b.path);
    });
    return duplicates;
}

}  // namespace

Result<InspectReport> inspect(const std::string& source, const UserConfig& user,
                              const RunContext& run) {
    ENVPACK_TRY(const ImageDocuments documents, read_documents(source, user, run));
    ENVPACK_TRY(const ImageContent content, read_content(documents, run));
    InspectReport report{.source = source,
                         .digest = documents.digest(),
                         .config_digest = documents.manifest.config.digest,
                         .media_type = documents.manifest.media_type,
                         .platform = documents.config.platform.to_string(),
                         .python = content.inventory ? content.inventory->python.full_version : "",
                         .created = text_member(documents.config.document, "created"),
                         .layers = layers_of_image(documents, content),
                         .changes = content.tree->changes()};
    if (const json::Value* const config = documents.config.document.find("config")) {
        report.config = *config;
    }
    if (const json::Value* const annotations = documents.manifest.document.find("annotations")) {
        report.annotations = *annotations;
    }
    ENVPACK_TRY(report.duplicates, duplicates_of(*content.tree, run));
    return report;
}

}  // namespace envpack::pipeline
