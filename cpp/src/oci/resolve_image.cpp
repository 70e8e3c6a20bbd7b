#include "envpack/oci/resolve_image.hpp"

#include "envpack/base/text.hpp"
#include "envpack/oci/blob_layer.hpp"
#include "envpack/oci/image_index.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

constexpr std::size_t max_index_depth = 8;
constexpr std::string_view ref_name = "org.opencontainers.image.ref.name";

Result<Error> unknown_name(const Fetcher& from, std::string_view name, const RunContext& run) {
    ENVPACK_TRY(const std::vector<std::string> tags, from.tags(run));
    std::vector<std::string> shown;
    for (const std::string& tag : tags) {
        shown.push_back(text::printable(tag, 80));
        if (shown.size() == 20) {
            shown.push_back(fmt::format("… ({} in all)", tags.size()));
            break;
        }
    }
    Error error =
        name.empty()
            ? Error(ErrorCode::not_found, fmt::format("`{}` holds no image", from.description()))
            : Error(ErrorCode::not_found, fmt::format("`{}` has no image with the tag `{}`",
                                                      from.description(), text::printable(name)));
    return tags.empty() ? error
                        : std::move(error).with_hint("available: " + text::join(shown, ", "));
}

bool may_lead_to_image(const Descriptor& entry) {
    const MediaKind kind = media_type_info(entry.media_type).kind;
    return kind == MediaKind::manifest || kind == MediaKind::index || kind == MediaKind::schema1;
}

/// What stands in the index of a target under `name`, as one descriptor.
Result<Descriptor> entry_for(const Fetcher& from, std::string_view name, const Platform& platform,
                             const RunContext& run) {
    ENVPACK_TRY(std::vector<Descriptor> entries, from.find(name, run));
    if (name.empty()) {
        std::erase_if(entries, [](const Descriptor& e) { return !may_lead_to_image(e); });
    }
    if (entries.empty()) {
        ENVPACK_TRY(Error error, unknown_name(from, name, run));
        return fail(std::move(error));
    }
    const Descriptor& first = entries.front();
    if (std::ranges::all_of(entries, [&](const auto& e) { return e.digest == first.digest; })) {
        return first;
    }
    const auto name_of = [](const Descriptor& entry) {
        const auto found = entry.annotations.find(ref_name);
        return found == entry.annotations.end() ? std::string() : found->second;
    };
    const std::string first_name = name_of(first);
    const bool one_name = std::ranges::all_of(
        entries, [&](const Descriptor& entry) { return name_of(entry) == first_name; });
    const bool all_say_platform = std::ranges::all_of(
        entries, [](const Descriptor& entry) { return entry.platform.has_value(); });
    if (one_name && all_say_platform) {
        return select_platform(entries, platform);
    }
    ENVPACK_TRY(const std::vector<std::string> tags, from.tags(run));
    return fail(Error(ErrorCode::invalid_argument,
                      fmt::format("`{}` holds {} images", from.description(), entries.size()))
                    .with_rule("oci.which-image")
                    .with_hint(tags.empty() ? "name one by its digest"
                                            : "name one by its tag: " +
                                                  text::printable(text::join(tags, ", "), 400)));
}

Error not_an_image(const Descriptor& descriptor, std::string_view type) {
    return Error(ErrorCode::unsupported,
                 fmt::format("{} is no container image but `{}`", descriptor.digest.to_string(),
                             text::printable(type)))
        .with_rule("oci.not-an-image");
}

Result<std::vector<LayerPtr>> blob_layers(const std::shared_ptr<const Fetcher>& from,
                                          const Manifest& manifest, const ImageConfig& config) {
    if (manifest.layers.size() != config.diff_ids.size()) {
        return fail(Error(ErrorCode::parse_error,
                          fmt::format("the image has {} layers, but its config {} diff_ids",
                                      manifest.layers.size(), config.diff_ids.size()))
                        .with_rule("oci.diff-ids"));
    }
    std::vector<LayerPtr> layers;
    for (std::size_t i = 0; i < manifest.layers.size(); ++i) {
        layers.push_back(
            std::make_shared<const BlobLayer>(from, manifest.layers[i], config.diff_ids[i]));
    }
    return layers;
}

Result<ImagePtr> read_image(std::shared_ptr<const Fetcher> from, const Descriptor& descriptor,
                            const Limits& limits, const RunContext& run) {
    if (media_type_info(descriptor.media_type).kind == MediaKind::unknown) {
        return fail(not_an_image(descriptor, descriptor.media_type));
    }
    ENVPACK_TRY(std::string raw_manifest,
                fetch_document(*from, descriptor, limits.max_manifest, run));
    ENVPACK_TRY(const Manifest manifest, Manifest::parse(raw_manifest, descriptor.media_type));
    if (media_type_info(manifest.config.media_type).kind != MediaKind::config) {
        return fail(not_an_image(descriptor, manifest.config.media_type));
    }
    ENVPACK_TRY(std::string raw_config,
                fetch_document(*from, manifest.config, limits.max_manifest, run));
    ENVPACK_TRY(const ImageConfig config, ImageConfig::parse(raw_config));
    ENVPACK_TRY(std::vector<LayerPtr> layers, blob_layers(from, manifest, config));
    return make_image(manifest.media_type, std::move(raw_manifest), std::move(raw_config),
                      std::move(layers));
}

}  // namespace

Result<ResolvedManifest> resolve_manifest(const Fetcher& from, std::string_view name,
                                          const Platform& platform, const Limits& limits,
                                          const RunContext& run) {
    ENVPACK_TRY(Descriptor current, entry_for(from, name, platform, run));
    ResolvedManifest result;
    std::set<Digest> visited;
    while (media_type_info(current.media_type).kind == MediaKind::index) {
        if (visited.size() == max_index_depth || !visited.insert(current.digest).second) {
            return fail(Error(ErrorCode::limit_exceeded,
                              fmt::format("indexes in `{}` are nested more than {} deep",
                                          from.description(), max_index_depth))
                            .with_rule("oci.index-depth"));
        }
        const std::string doing = fmt::format("while reading index {}", current.digest.to_string());
        ENVPACK_TRY(const std::string raw,
                    with_context(fetch_document(from, current, limits.max_manifest, run), doing));
        ENVPACK_TRY(const ImageIndex index,
                    with_context(ImageIndex::parse(raw, current.media_type), doing));
        ENVPACK_TRY(Descriptor chosen,
                    with_context(select_platform(index.manifests, platform), doing));
        result.index = std::exchange(current, std::move(chosen));
    }
    result.manifest = std::move(current);
    return result;
}

Result<ImagePtr> open_image(std::shared_ptr<const Fetcher> from, const Descriptor& manifest,
                            const Limits& limits, const RunContext& run) {
    return with_context(
        read_image(std::move(from), manifest, limits, run),
        fmt::format("while reading the image with manifest {}", manifest.digest.to_string()));
}

Result<ImagePtr> resolve_image(const std::shared_ptr<const Fetcher>& from, std::string_view name,
                               const Platform& platform, const Limits& limits,
                               const RunContext& run) {
    ENVPACK_TRY(const ResolvedManifest resolved,
                resolve_manifest(*from, name, platform, limits, run));
    return open_image(from, resolved.manifest, limits, run);
}

}  // namespace envpack::oci
