#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/safe_path.hpp"
#include "whole_image.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace envpack::pipeline {

/// The tables of contents of an image's eStargz layers (archive/estargz.hpp). Annotations are not
/// believed: a layer has the table whose digest its descriptor names, or it is a layer as all
/// others. Value; not synchronised.
class EstargzParts {
public:
    EstargzParts(const ImageDocuments& documents, const ImageContent& content);

    /// Of a layer, by its index; nullopt: it is no eStargz.
    const std::optional<Digest>& toc(std::size_t layer) const { return layers_.at(layer).toc; }
    /// The layer claims to be one, and is not.
    bool is_false(std::size_t layer) const { return layers_.at(layer).claims && !toc(layer); }
    /// Whether a visible file is there for those who mount layers, and means nothing to others.
    bool has(const SafePath& path, const archive::FileInfo& file) const;

private:
    struct OneLayer {
        bool claims = false;
        std::optional<Digest> toc = std::nullopt;
    };
    std::vector<OneLayer> layers_;
};

}  // namespace envpack::pipeline
