#include "envpack/oci/make_layer.hpp"

#include "envpack/archive/estargz.hpp"
#include "envpack/archive/gzip_members.hpp"
#include "envpack/archive/tar_writer.hpp"
#include "envpack/base/file.hpp"
#include "envpack/oci/file_layer.hpp"
#include "envpack/oci/media_type.hpp"

#include <string>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

constexpr std::string_view estargz_recipe = ", estargz ";

}  // namespace

Result<LayerPtr> make_layer(std::span<const archive::PlannedEntry> entries,
                            const archive::LayerWriteOptions& options,
                            const std::filesystem::path& directory, const RunContext& run) {
    ENVPACK_TRY(MadeLayer made, make_tracked_layer(entries, options, directory, run));
    return std::move(made.layer);
}

Result<MadeLayer> make_tracked_layer(std::span<const archive::PlannedEntry> entries,
                                     const archive::LayerWriteOptions& options,
                                     const std::filesystem::path& directory,
                                     const RunContext& run) {
    ENVPACK_TRY(const std::string_view type, layer_type(Family::oci, options.compression));
    ENVPACK_TRY(UnnamedFile file, UnnamedFile::create(directory));
    UnnamedFileSink blob(file, directory.string());
    ENVPACK_TRY(archive::LayerBytes bytes, archive::write_layer(entries, options, blob, run));
    Descriptor descriptor{
        .media_type = std::string(type), .digest = bytes.digest, .size = bytes.size};
    if (bytes.toc) {
        descriptor.annotations.emplace(archive::estargz_toc_annotation, bytes.toc->to_string());
        descriptor.annotations.emplace(archive::estargz_size_annotation,
                                       std::to_string(bytes.tar_size));
    }
    return MadeLayer{.layer = std::make_shared<const FileLayer>(
                         std::move(file), directory, std::move(descriptor), bytes.diff_id),
                     .packed = std::move(bytes.packed)};
}

std::string layer_recipe(const archive::LayerWriteOptions& options) {
    std::string text = fmt::format("{}{}", layer_recipe_prefix, archive::tar_format_version);
    if (options.compression != Compression::gzip) {
        return text + ", " + std::string(archive::to_string(options.compression));
    }
    text += fmt::format(", gzip encoder {}", archive::gzip_encoder_version);
    const archive::GzipEncoding standard;
    if (options.gzip.verbatim_threshold != standard.verbatim_threshold ||
        options.gzip.member_size != standard.member_size || options.gzip.level != standard.level) {
        text += fmt::format(" (T={} M={} level={})", options.gzip.verbatim_threshold,
                            options.gzip.member_size, options.gzip.level);
    }
    if (options.estargz) {
        text += fmt::format("{}{}", estargz_recipe, archive::estargz_version);
    }
    return text;
}

bool recipe_makes_estargz(std::string_view recipe) noexcept {
    return recipe.starts_with(layer_recipe_prefix) &&
           recipe.find(estargz_recipe) != std::string_view::npos;
}

}  // namespace envpack::oci
