#include "envpack/oci/manifest.hpp"

#include "document.hpp"

#include <algorithm>
#include <utility>

namespace envpack::oci {

Result<Manifest> Manifest::parse(std::string_view raw, std::string_view media_type) {
    constexpr std::string_view what = "image manifest";
    Manifest result;
    ENVPACK_TRY(result.document, parse_document(raw, what));
    const json::Value& document = result.document;
    ENVPACK_CHECK(check_schema_version(document, what));
    ENVPACK_TRY(result.media_type,
                agreed_media_type(document, media_type, MediaKind::manifest, what));
    ENVPACK_CHECK(refuse_keys(document, {"manifests", "fsLayers"}, what));
    result.family = *media_type_info(result.media_type).family;

    ENVPACK_TRY(const std::string* artifact, json::optional_string_at(document, "artifactType"));
    result.artifact_type = artifact == nullptr ? std::string() : *artifact;
    ENVPACK_TRY(const json::Value* config, json::object_at(document, "config"));
    ENVPACK_TRY(result.config,
                with_context(Descriptor::from_json(*config), "while reading `config`"));
    ENVPACK_TRY(result.layers, descriptors_at(document, "layers"));
    if (const json::Value* subject = document.find("subject");
        subject != nullptr && !subject->is_null()) {
        ENVPACK_TRY(result.subject,
                    with_context(Descriptor::from_json(*subject), "while reading `subject`"));
    }
    ENVPACK_TRY(result.annotations, string_map_at(document, "annotations"));
    return result;
}

bool Manifest::is_mixed() const noexcept {
    const auto is_foreign = [&](const Descriptor& descriptor) {
        const std::optional<Family> other = media_type_info(descriptor.media_type).family;
        return other && *other != family;
    };
    return is_foreign(config) || std::ranges::any_of(layers, is_foreign);
}

}  // namespace envpack::oci
