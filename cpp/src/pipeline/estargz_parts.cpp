#include "estargz_parts.hpp"

#include "envpack/archive/estargz.hpp"
#include "envpack/base/bytes.hpp"

namespace envpack::pipeline {
namespace {

/// The file in this layer, if it is the one that is promised.
std::optional<Digest> toc_in(const archive::LayerListing& listing, const Digest& promised) {
    for (std::size_t i = listing.size(); i > 0; --i) {  // it is the last one
        const archive::LayerListing::Entry entry = listing.entry(i - 1);
        if (entry.path == archive::estargz_toc_name) {
            return entry.sha256 != nullptr && *entry.sha256 == promised ? std::optional(promised)
                                                                        : std::nullopt;
        }
    }
    return std::nullopt;
}

}  // namespace

EstargzParts::EstargzParts(const ImageDocuments& documents, const ImageContent& content) {
    for (std::size_t i = 0; i < documents.manifest.layers.size(); ++i) {
        const oci::Annotations& annotations = documents.manifest.layers[i].annotations;
        const auto named = annotations.find(archive::estargz_toc_annotation);
        OneLayer layer{.claims = named != annotations.end()};
        if (layer.claims) {
            if (const auto promised = Digest::parse(named->second)) {
                layer.toc = toc_in(content.tree->layer(i), *promised);
            }
        }
        layers_.push_back(layer);
    }
}

bool EstargzParts::has(const SafePath& path, const archive::FileInfo& file) const {
    if (!file.layer || !toc(*file.layer)) {
        return false;
    }
    if (path.str() == archive::estargz_toc_name) {
        return file.sha256 == toc(*file.layer);
    }
    return (path.str() == archive::estargz_landmark_name ||
            path.str() == archive::estargz_prefetch_name) &&
           file.sha256 == Digest::of(as_bytes(archive::estargz_landmark_content));
}

}  // namespace envpack::pipeline
