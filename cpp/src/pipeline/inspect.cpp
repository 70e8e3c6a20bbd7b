#include "envpack/pipeline/inspect.hpp"

#include "estargz_parts.hpp"
#include "whole_image.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>
#include <utility>

namespace envpack::pipeline {
namespace {

std::vector<ImageLayer> layers_of_image(const ImageDocuments& documents,
                                        const ImageContent& content) {
    const auto history = layer_history(documents.config);
    const EstargzParts estargz(documents, content);
    std::vector<ImageLayer> layers;
    for (std::size_t i = 0; i < documents.image->layers().size(); ++i) {
        const oci::Layer& layer = *documents.image->layers()[i];
        const archive::LayerListing& listing = content.tree->layer(i);
        layers.push_back({.digest = layer.descriptor().digest,
                          .diff_id = layer.diff_id(),
                          .media_type = layer.descriptor().media_type,
                          .size = layer.descriptor().size,
                          .tar_size = listing.tar_size(),
                          .members = listing.size() + listing.skipped(),
                          .estargz_toc = estargz.toc(i)});
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
/// The names of one file count once, where its bytes lie.
Result<std::vector<DuplicateFile>> duplicates_of(const archive::StackedTree& tree,
                                                 const RunContext& run) {
    struct NamedFile {
        std::string path;  ///< the first of its names
        std::uint64_t size;
    };
    std::map<Digest, std::map<archive::StackedTree::ContentPlace, NamedFile>> by_content;
    ENVPACK_CHECK(archive::walk_tree(
        tree,
        [&](const SafePath& path, const archive::FileInfo& info) -> Result<void> {
            if (!info.sha256 || info.size < InspectReport::smallest_duplicate) {
                return {};
            }
            if (const auto place = tree.content_place(path)) {
                NamedFile& file = by_content[*info.sha256][*place];
                if (file.path.empty() || path.str() < file.path) {
                    file = {.path = path.str(), .size = info.size};
                }
            }
            return {};
        },
        run));
    std::vector<DuplicateFile> duplicates;
    for (const auto& [digest, files] : by_content) {
        const std::size_t lowest = files.begin()->first.layer;
        const auto above = files.upper_bound({.layer = lowest, .member = UINT64_MAX});
        const auto& first =
            std::min_element(files.begin(), above, [](const auto& a, const auto& b) {
                return a.second.path < b.second.path;
            })->second;
        for (auto copy = above; copy != files.end(); ++copy) {
            duplicates.push_back({.path = copy->second.path,
                                  .layer = copy->first.layer,
                                  .size = copy->second.size,
                                  .same_as = first.path,
                                  .same_layer = lowest});
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
