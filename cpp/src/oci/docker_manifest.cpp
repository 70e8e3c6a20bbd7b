#include "docker_manifest.hpp"

#include "document.hpp"
#include "envpack/base/text.hpp"
#include "envpack/oci/image_config.hpp"
#include "envpack/oci/media_type.hpp"
#include "layout_reader.hpp"

#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

/// A regular file that manifest.json names.
struct Member {
    SafePath path;
    std::uint64_t size = 0;
};

Result<Member> member_at(const archive::FileTree& tree, std::string_view name) {
    Result<SafePath> path = SafePath::parse(name);
    if (!path) {
        return fail(std::move(path).error().with_context("while reading `manifest.json`"));
    }
    // docker save once linked `<id>/layer.tar` to that of another image.
    ENVPACK_TRY(const std::optional<SafePath> place, archive::resolve(tree, *path));
    std::optional<archive::FileInfo> info;
    if (place) {
        ENVPACK_TRY(info, tree.lookup(*place));
    }
    if (!info || info->type != archive::FileType::regular) {
        return fail(Error(ErrorCode::not_found,
                          fmt::format("`manifest.json` names `{}`, which is no file in the archive",
                                      path->str()))
                        .with_rule("oci.archive-member")
                        .with_hint("the archive is incomplete: save the image again"));
    }
    return Member{.path = *place, .size = info->size};
}

/// `<hex>`, `<hex>.json`, `<hex>.tar`, `blobs/sha256/<hex>`: the digest of the content. A legacy
/// `<id>/layer.tar` says nothing.
std::optional<Digest> digest_in_name(const SafePath& path) {
    const std::string_view name = path.name();
    const std::string_view end = name.substr(std::min<std::size_t>(name.size(), 64));
    if (name.size() < 64 || !(end.empty() || end == ".json" || end == ".tar")) {
        return std::nullopt;
    }
    const Result<Digest> digest = Digest::parse_hex(name.substr(0, 64));
    return digest ? std::optional(*digest) : std::nullopt;
}

Result<Compression> compression_of(const archive::FileTree& tree, const SafePath& path) {
    ENVPACK_TRY(const std::unique_ptr<ByteSource> source, tree.open(path));
    std::array<std::byte, 6> head{};
    ENVPACK_TRY(const std::size_t filled, read_full(*source, head));
    return archive::detect_compression(std::span(head).first(filled));
}

Result<Descriptor> layer_at(const archive::FileTree& tree, const Member& member,
                            const Digest& diff_id, const RunContext& run) {
    Descriptor layer{.media_type = {}, .digest = diff_id, .size = member.size};
    ENVPACK_TRY(const Compression compression, compression_of(tree, member.path));
    ENVPACK_TRY(layer.media_type, layer_type(Family::oci, compression));
    if (compression == Compression::none) {
        return layer;
    }
    if (const std::optional<Digest> named = digest_in_name(member.path)) {
        layer.digest = *named;
        return layer;
    }
    ENVPACK_TRY(const std::unique_ptr<ByteSource> source, tree.open(member.path));
    ENVPACK_TRY(layer.digest, Digest::of(*source, run));
    return layer;
}

Result<DockerImage> read_image(const archive::FileTree& tree, const json::Value& entry,
                               const Limits& limits, const RunContext& run) {
    DockerImage image;
    ENVPACK_TRY(auto names, string_list_at(entry, "RepoTags"));
    image.names = std::move(names).value_or(std::vector<std::string>());
    ENVPACK_TRY(const std::string_view config_name, json::string_at(entry, "Config"));
    ENVPACK_TRY(const Member config_member, member_at(tree, config_name));
    ENVPACK_TRY(const std::string raw_config,
                archive::read_file(tree, config_member.path, limits.max_manifest));
    const Descriptor config = describe(media_type::oci_config, raw_config);
    if (const auto named = digest_in_name(config_member.path); named && *named != config.digest) {
        return fail(Error(ErrorCode::digest_mismatch,
                          fmt::format("the image config `{}` has digest {}",
                                      config_member.path.str(), config.digest.to_string()))
                        .with_rule("oci.config-digest"));
    }
    ENVPACK_TRY(const ImageConfig parsed, ImageConfig::parse(raw_config));
    ENVPACK_TRY(const auto listed, string_list_at(entry, "Layers"));
    const std::vector<std::string> layers = listed.value_or(std::vector<std::string>());
    if (layers.size() != parsed.diff_ids.size()) {
        return fail(Error(ErrorCode::parse_error,
                          fmt::format("the image has {} layers, but its config {} diff_ids",
                                      layers.size(), parsed.diff_ids.size()))
                        .with_rule("oci.diff-ids"));
    }
    image.members.emplace(config.digest, config_member.path);
    json::Array descriptors;
    for (std::size_t i = 0; i < layers.size(); ++i) {
        ENVPACK_TRY(const Member member, member_at(tree, layers[i]));
        ENVPACK_TRY(const Descriptor layer, layer_at(tree, member, parsed.diff_ids[i], run));
        image.members.emplace(layer.digest, member.path);
        descriptors.push_back(layer.to_json());
    }
    image.raw_manifest = json::to_canonical(json::Object{{"schemaVersion", 2},
                                                         {"mediaType", media_type::oci_manifest},
                                                         {"config", config.to_json()},
                                                         {"layers", std::move(descriptors)}});
    image.manifest = describe(media_type::oci_manifest, image.raw_manifest);
    return image;
}

}  // namespace

Result<std::vector<DockerImage>> read_docker_images(const archive::FileTree& tree,
                                                    const Limits& limits, const RunContext& run) {
    ENVPACK_TRY(const std::string raw,
                archive::read_file(tree, SafePath() / docker_manifest_file, limits.max_manifest));
    ENVPACK_TRY(const json::Value document,
                with_context(json::parse(raw), "while reading `manifest.json`"));
    const json::Array* entries = document.as_array();
    if (entries == nullptr) {
        return fail(Error(ErrorCode::parse_error, "`manifest.json` is no list of images")
                        .with_rule("oci.not-an-archive"));
    }
    std::vector<DockerImage> images;
    for (std::size_t i = 0; i < entries->size(); ++i) {
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(DockerImage image, with_context(read_image(tree, (*entries)[i], limits, run),
                                                    fmt::format("while reading image {}", i)));
        images.push_back(std::move(image));
    }
    return images;
}

std::string docker_manifest(const std::vector<DockerSave>& images) {
    json::Array entries;
    std::map<Digest, std::size_t> places;
    for (const DockerSave& image : images) {
        const auto [place, is_new] = places.try_emplace(image.digest, entries.size());
        if (is_new) {
            json::Array layers;
            for (const Descriptor& layer : image.manifest.layers) {
                layers.emplace_back(blob_path(layer.digest).str());
            }
            entries.emplace_back(
                json::Object{{"Config", blob_path(image.manifest.config.digest).str()},
                             {"RepoTags", json::Array{}},
                             {"Layers", std::move(layers)}});
        }
        if (!image.name.empty()) {
            entries[place->second].find("RepoTags")->push_back(image.name);
        }
    }
    return json::to_canonical(entries);
}

}  // namespace envpack::oci
