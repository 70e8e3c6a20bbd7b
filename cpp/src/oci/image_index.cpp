#include "envpack/oci/image_index.hpp"

#include "document.hpp"
#include "envpack/base/text.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

constexpr std::string_view index_kind = "image index";

Result<void> read_entries(ImageIndex& index) {
    ENVPACK_CHECK(refuse_keys(index.document, {"config", "layers", "fsLayers"}, index_kind));
    index.family = *media_type_info(index.media_type).family;
    ENVPACK_TRY(index.manifests, descriptors_at(index.document, "manifests"));
    ENVPACK_TRY(index.annotations, string_map_at(index.document, "annotations"));
    return {};
}

bool is_image_or_index(const Descriptor& descriptor) {
    const MediaKind kind = media_type_info(descriptor.media_type).kind;
    return kind == MediaKind::manifest || kind == MediaKind::index;
}

/// BuildKit lists attestations as manifests for the platform unknown/unknown.
bool is_attestation(const Descriptor& descriptor) {
    return descriptor.annotations.contains("vnd.docker.reference.type") ||
           (descriptor.platform && descriptor.platform->os == "unknown" &&
            descriptor.platform->architecture == "unknown");
}

Error no_such_platform(const std::vector<const Descriptor*>& images, const Platform& wanted) {
    std::vector<std::string> names;
    for (const Descriptor* image : images) {
        std::string name =
            image->platform ? text::printable(image->platform->to_string(), 60) : "(not named)";
        if (std::ranges::find(names, name) == names.end()) {
            names.push_back(std::move(name));
        }
    }
    Error error(ErrorCode::not_found, fmt::format("there is no image for {}", wanted.to_string()));
    return names.empty() ? std::move(error).with_hint("the index lists no image at all")
                         : std::move(error).with_hint("available: " + text::join(names, ", "));
}

}  // namespace

Result<ImageIndex> ImageIndex::parse(std::string_view raw, std::string_view media_type) {
    ImageIndex result;
    ENVPACK_TRY(result.document, parse_document(raw, index_kind));
    ENVPACK_CHECK(check_schema_version(result.document, index_kind));
    ENVPACK_TRY(result.media_type,
                agreed_media_type(result.document, media_type, MediaKind::index, index_kind));
    ENVPACK_CHECK(read_entries(result));
    for (const Descriptor& entry : result.manifests) {
        const MediaTypeInfo info = media_type_info(entry.media_type);
        if (info.family && *info.family != result.family) {
            return fail(
                Error(ErrorCode::parse_error, fmt::format("an index of type `{}` lists a `{}`",
                                                          result.media_type, entry.media_type))
                    .with_rule("oci.mixed-families"));
        }
    }
    return result;
}

Result<ImageIndex> ImageIndex::parse_layout_index(std::string_view raw) {
    ImageIndex result;
    ENVPACK_TRY(result.document, parse_document(raw, index_kind));
    ENVPACK_CHECK(check_schema_version(result.document, index_kind));
    ENVPACK_TRY(result.media_type, agreed_media_type(result.document, media_type::oci_index,
                                                     MediaKind::index, index_kind));
    ENVPACK_CHECK(read_entries(result));
    return result;
}

Result<Descriptor> select_platform(const std::vector<Descriptor>& manifests,
                                   const Platform& wanted) {
    std::vector<const Descriptor*> images;
    for (const Descriptor& entry : manifests) {
        if (is_image_or_index(entry) && !is_attestation(entry)) {
            images.push_back(&entry);
        }
    }
    const Descriptor* best = nullptr;
    for (const Descriptor* image : images) {
        if (image->platform && satisfies(*image->platform, wanted) &&
            (best == nullptr || best->platform->variant < image->platform->variant)) {
            best = image;
        }
    }
    if (best == nullptr) {
        // One entry without a platform can only be what is meant; its own content decides.
        const auto is_silent = [](const Descriptor* image) { return !image->platform; };
        if (std::ranges::count_if(images, is_silent) == 1) {
            best = *std::ranges::find_if(images, is_silent);
        }
    }
    if (best == nullptr) {
        return fail(no_such_platform(images, wanted));
    }
    return *best;
}

}  // namespace envpack::oci
