#include "envpack/oci/as_oci.hpp"

#include "document.hpp"
#include "image_edit.hpp"

#include <utility>

namespace envpack::oci {
namespace {

/// Another descriptor of the same blob. Thread-safe.
class RetypedLayer final : public Layer {
public:
    RetypedLayer(LayerPtr layer, std::string_view media_type)
        : layer_(std::move(layer)), descriptor_(layer_->descriptor()) {
        descriptor_.media_type = media_type;
    }
    const Descriptor& descriptor() const noexcept override { return descriptor_; }
    const Digest& diff_id() const noexcept override { return layer_->diff_id(); }
    Result<std::unique_ptr<ByteSource>> open(const RunContext& run) const override {
        return layer_->open(run);
    }

private:
    LayerPtr layer_;
    Descriptor descriptor_;
};

}  // namespace

Result<ImagePtr> as_oci(const ImagePtr& image) {
    ENVPACK_TRY(Manifest manifest, manifest_of(*image));
    if (manifest.family == Family::oci && !manifest.is_mixed()) {
        return image;
    }
    json::Value& document = manifest.document;
    document.set("mediaType", media_type::oci_manifest);
    object_member(document, "config").set("mediaType", media_type::oci_config);
    std::vector<LayerPtr> layers = image->layers();
    json::Array& pointers = *array_member(document, "layers").as_array();
    for (std::size_t i = 0; i < layers.size(); ++i) {
        const MediaTypeInfo info = media_type_info(manifest.layers[i].media_type);
        if (info.family != Family::docker || !info.compression) {
            continue;
        }
        ENVPACK_TRY(const std::string_view type, layer_type(Family::oci, *info.compression));
        pointers[i].set("mediaType", type);
        layers[i] = std::make_shared<const RetypedLayer>(std::move(layers[i]), type);
    }
    return make_image(std::string(media_type::oci_manifest), json::to_canonical(document),
                      image->raw_config(), std::move(layers));
}

}  // namespace envpack::oci
