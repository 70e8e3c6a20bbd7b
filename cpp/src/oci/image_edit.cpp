#include "image_edit.hpp"

#include "document.hpp"

#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

constexpr UnixTime first_instant = -62'167'219'200;  // 0000-01-01T00:00:00Z
constexpr UnixTime last_instant = 253'402'300'799;   // 9999-12-31T23:59:59Z

json::Value& member(json::Value& object, std::string_view key, json::Value fresh) {
    json::Value* value = object.find(key);
    if (value == nullptr || value->is_null()) {
        object.set(key, std::move(fresh));
        value = object.find(key);
    }
    return *value;
}

}  // namespace

json::Value& object_member(json::Value& object, std::string_view key) {
    return member(object, key, json::Object{});
}

json::Value& array_member(json::Value& object, std::string_view key) {
    return member(object, key, json::Array{});
}

Result<std::string> rfc3339(UnixTime instant) {
    if (instant < first_instant || instant > last_instant) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("instant {} is outside the years 0 to 9999", instant));
    }
    return format_rfc3339(instant);
}

Result<ImageEdit> ImageEdit::open(const Image& image) {
    ENVPACK_TRY(Manifest manifest, manifest_of(image));
    ENVPACK_TRY(ImageConfig config, config_of(image));
    if (manifest.is_mixed()) {
        return fail(
            Error(ErrorCode::unsupported, fmt::format("image {} mixes OCI and Docker media types",
                                                      digest_of(image).to_string()))
                .with_rule("oci.mixed-families")
                .with_hint("convert it with `skopeo copy --format oci` first"));
    }
    return ImageEdit{std::move(manifest), std::move(config), image.layers()};
}

Result<ImagePtr> ImageEdit::seal() {
    std::string raw_config = json::to_canonical(config.document);
    json::Value& descriptor = object_member(manifest.document, "config");
    descriptor.set("digest", Digest::of(as_bytes(raw_config)).to_string());
    descriptor.set("size", static_cast<std::uint64_t>(raw_config.size()));
    erase_member(descriptor, "data");  // the old config
    return make_image(manifest.media_type, json::to_canonical(manifest.document),
                      std::move(raw_config), std::move(layers));
}

Result<void> ImageEdit::add_history(UnixTime created, const std::string& created_by,
                                    const std::string& comment, bool empty_layer) {
    ENVPACK_TRY(const std::string instant, rfc3339(created));
    json::Value& history = array_member(config.document, "history");
    if (!empty_layer) {
        // Published images lack entries at the end; without them ours would name the wrong layer.
        for (; config.history_layers < config.diff_ids.size(); ++config.history_layers) {
            json::Value missing = json::Object{};
            missing.set("comment", "missing in the history of the base image");
            history.push_back(std::move(missing));
        }
        ++config.history_layers;
    }
    json::Value entry = json::Object{};
    entry.set("created", instant);
    if (!created_by.empty()) {
        entry.set("created_by", created_by);
    }
    if (!comment.empty()) {
        entry.set("comment", comment);
    }
    if (empty_layer) {
        entry.set("empty_layer", true);
    }
    history.push_back(std::move(entry));
    return {};
}

void ImageEdit::set_annotation(std::string_view key, const std::string& value) {
    object_member(manifest.document, "annotations").set(key, value);
}

}  // namespace envpack::oci
