#include "envpack/oci/append.hpp"

#include "document.hpp"
#include "image_edit.hpp"

#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

constexpr std::string_view base_name_key = "org.opencontainers.image.base.name";
constexpr std::string_view base_digest_key = "org.opencontainers.image.base.digest";

/// `layer` as the manifests of `family` describe it.
Result<Descriptor> descriptor_in(Family family, const Layer& layer) {
    Descriptor descriptor = layer.descriptor();
    const MediaTypeInfo info = media_type_info(descriptor.media_type);
    if (info.kind != MediaKind::layer || !info.compression) {
        return fail(
            Error(ErrorCode::invalid_argument,
                  fmt::format("`{}` is not the media type of a layer", descriptor.media_type))
                .with_rule("oci.media-type"));
    }
    if (info.family != family) {
        ENVPACK_TRY(const std::string_view type, layer_type(family, *info.compression));
        descriptor.media_type = type;
    }
    if (family == Family::docker) {
        descriptor.annotations.clear();  // schema 2 has none
    }
    return descriptor;
}

Result<void> add_layer(ImageEdit& edit, const Addendum& addendum, UnixTime created) {
    ENVPACK_TRY(const Descriptor descriptor, descriptor_in(edit.manifest.family, *addendum.layer));
    ENVPACK_CHECK(edit.add_history(created, addendum.created_by, addendum.comment, false));
    array_member(edit.manifest_document(), "layers").push_back(descriptor.to_json());
    json::Value& rootfs = object_member(edit.config_document(), "rootfs");
    array_member(rootfs, "diff_ids").push_back(addendum.layer->diff_id().to_string());
    edit.config.diff_ids.push_back(addendum.layer->diff_id());
    edit.layers.push_back(addendum.layer);
    return {};
}

/// image-spec annotations.md: the image whose layers come first. What the base says of *its* base
/// would be wrong here. Docker's manifests have no annotations.
void record_base(ImageEdit& edit, const Image& base, const AppendOptions& options) {
    if (edit.manifest.family != Family::oci || base.layers().empty()) {
        return;
    }
    erase_member(object_member(edit.manifest_document(), "annotations"), base_name_key);
    edit.set_annotation(base_digest_key, options.base_digest.value_or(digest_of(base)).to_string());
    if (options.base_name) {
        edit.set_annotation(base_name_key, *options.base_name);
    }
}

}  // namespace

Result<ImagePtr> append(const ImagePtr& base, const std::vector<Addendum>& additions,
                        const AppendOptions& options) {
    ENVPACK_TRY(ImageEdit edit, ImageEdit::open(*base));
    const std::size_t count = edit.layers.size() + additions.size();
    if (count > max_layers) {
        return fail(Error(ErrorCode::limit_exceeded,
                          fmt::format("the base has {} layers and {} are to be added, but engines "
                                      "run images with at most {}",
                                      edit.layers.size(), additions.size(), max_layers))
                        .with_rule("oci.layer-count")
                        .with_hint("ask for fewer layers, or squash the base image"));
    }
    for (const Addendum& addendum : additions) {
        ENVPACK_CHECK(add_layer(edit, addendum, options.created));
    }
    record_base(edit, *base, options);
    ENVPACK_TRY(const std::string created, rfc3339(options.created));
    edit.config_document().set("created", created);
    return edit.seal();
}

}  // namespace envpack::oci
