#pragma once

#include "envpack/archive/compression.hpp"
#include "envpack/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace envpack::oci {

/// The two families of media types that describe one and the same thing. An image that envpack
/// writes never mixes them: a new layer takes the family of the manifest that it is added to.
enum class Family : std::uint8_t {
    oci,     ///< application/vnd.oci.image…, image-spec media-types.md
    docker,  ///< application/vnd.docker…, Docker "schema 2"
};

/// What a descriptor points at, as far as its media type tells.
enum class MediaKind : std::uint8_t {
    manifest,
    index,  ///< image index, or Docker's manifest list
    config,
    layer,
    schema1,  ///< Docker manifest schema 1: recognised in order to refuse it by name
    unknown,
};

using archive::Compression;

namespace media_type {
inline constexpr std::string_view oci_manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view oci_index = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view oci_config = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view oci_layer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view oci_layer_gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view oci_layer_zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view docker_manifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view docker_index =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view docker_config = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view docker_layer_gzip =
    "application/vnd.docker.image.rootfs.diff.tar.gzip";
}  // namespace media_type

/// What is known of one media type. Value; not synchronised.
struct MediaTypeInfo {
    MediaKind kind = MediaKind::unknown;
    std::optional<Family> family = std::nullopt;            ///< of every kind but unknown
    std::optional<Compression> compression = std::nullopt;  ///< of a layer
};

/// Never fails: a type that envpack does not know is MediaKind::unknown. The nondistributable and
/// foreign layer types are read as layers; envpack never writes them.
MediaTypeInfo media_type_info(std::string_view media_type) noexcept;

std::string_view manifest_type(Family family) noexcept;
std::string_view config_type(Family family) noexcept;
/// unsupported (rule `oci.media-type`) for zstd in Docker's family, which has no such type, and
/// for a bare tar there, which engines do not agree on.
Result<std::string_view> layer_type(Family family, Compression compression);

}  // namespace envpack::oci
