#include "envpack/oci/image.hpp"

#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

class ValueImage final : public Image {
public:
    ValueImage(std::string media_type, std::string raw_manifest, std::string raw_config,
               std::vector<LayerPtr> layers)
        : media_type_(std::move(media_type)),
          raw_manifest_(std::move(raw_manifest)),
          raw_config_(std::move(raw_config)),
          layers_(std::move(layers)) {}

    const std::string& media_type() const noexcept override { return media_type_; }
    const std::string& raw_manifest() const noexcept override { return raw_manifest_; }
    const std::string& raw_config() const noexcept override { return raw_config_; }
    const std::vector<LayerPtr>& layers() const noexcept override { return layers_; }

private:
    std::string media_type_;
    std::string raw_manifest_;
    std::string raw_config_;
    std::vector<LayerPtr> layers_;
};

Result<void> check_layers(const Manifest& manifest, const ImageConfig& config,
                          const std::vector<LayerPtr>& layers) {
    if (manifest.layers.size() != config.diff_ids.size()) {
        return refuse("oci.diff-ids",
                      fmt::format("the image has {} layers, but its config {} diff_ids",
                                  manifest.layers.size(), config.diff_ids.size()));
    }
    // A missing tail is seen in published images and harmless; more than the layers is not.
    if (config.history_layers > manifest.layers.size()) {
        return refuse("oci.history",
                      fmt::format("the history speaks of {} layers, the image has {}",
                                  config.history_layers, manifest.layers.size()));
    }
    if (layers.size() != manifest.layers.size()) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} layers were given for a manifest with {}", layers.size(),
                                manifest.layers.size()));
    }
    for (std::size_t i = 0; i < layers.size(); ++i) {
        if (layers[i]->descriptor().digest != manifest.layers[i].digest ||
            layers[i]->diff_id() != config.diff_ids[i]) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("layer {} is not the one in the manifest", i + 1));
        }
    }
    return {};
}

}  // namespace

Result<Manifest> manifest_of(const Image& image) {
    return Manifest::parse(image.raw_manifest(), image.media_type());
}

Result<ImageConfig> config_of(const Image& image) {
    return ImageConfig::parse(image.raw_config());
}

Digest digest_of(const Image& image) {
    return Digest::of(as_bytes(image.raw_manifest()));
}

Descriptor descriptor_of(const Image& image) {
    return describe(image.media_type(), image.raw_manifest());
}

Result<ImagePtr> make_image(std::string media_type, std::string raw_manifest,
                            std::string raw_config, std::vector<LayerPtr> layers) {
    ENVPACK_TRY(const Manifest manifest, Manifest::parse(raw_manifest, media_type));
    if (manifest.config.size != raw_config.size() ||
        manifest.config.digest != Digest::of(as_bytes(raw_config))) {
        return fail(
            Error(ErrorCode::digest_mismatch,
                  fmt::format("the image config is not {}", manifest.config.digest.to_string()))
                .with_rule("oci.config-digest"));
    }
    ENVPACK_TRY(const ImageConfig config, ImageConfig::parse(raw_config));
    ENVPACK_CHECK(check_layers(manifest, config, layers));
    return std::make_shared<const ValueImage>(manifest.media_type, std::move(raw_manifest),
                                              std::move(raw_config), std::move(layers));
}

}  // namespace envpack::oci
