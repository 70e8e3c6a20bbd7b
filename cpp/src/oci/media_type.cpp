#include "envpack/oci/media_type.hpp"

#include <array>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

struct Row {
    std::string_view name;
    MediaTypeInfo info;
};

constexpr std::array rows = {
    Row{media_type::oci_manifest, {MediaKind::manifest, Family::oci, {}}},
    Row{media_type::oci_index, {MediaKind::index, Family::oci, {}}},
    Row{media_type::oci_config, {MediaKind::config, Family::oci, {}}},
    Row{media_type::oci_layer, {MediaKind::layer, Family::oci, Compression::none}},
    Row{media_type::oci_layer_gzip, {MediaKind::layer, Family::oci, Compression::gzip}},
    Row{media_type::oci_layer_zstd, {MediaKind::layer, Family::oci, Compression::zstd}},
    Row{"application/vnd.oci.image.layer.nondistributable.v1.tar",
        {MediaKind::layer, Family::oci, Compression::none}},
    Row{"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        {MediaKind::layer, Family::oci, Compression::gzip}},
    Row{"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
        {MediaKind::layer, Family::oci, Compression::zstd}},
    Row{media_type::docker_manifest, {MediaKind::manifest, Family::docker, {}}},
    Row{media_type::docker_index, {MediaKind::index, Family::docker, {}}},
    Row{media_type::docker_config, {MediaKind::config, Family::docker, {}}},
    Row{media_type::docker_layer_gzip, {MediaKind::layer, Family::docker, Compression::gzip}},
    Row{"application/vnd.docker.image.rootfs.diff.tar",
        {MediaKind::layer, Family::docker, Compression::none}},
    Row{"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        {MediaKind::layer, Family::docker, Compression::gzip}},
    Row{"application/vnd.docker.distribution.manifest.v1+json",
        {MediaKind::schema1, Family::docker, {}}},
    Row{"application/vnd.docker.distribution.manifest.v1+prettyjws",
        {MediaKind::schema1, Family::docker, {}}},
};

}  // namespace

MediaTypeInfo media_type_info(std::string_view media_type) noexcept {
    for (const Row& row : rows) {
        if (row.name == media_type) {
            return row.info;
        }
    }
    return {};
}

std::string_view manifest_type(Family family) noexcept {
    return family == Family::oci ? media_type::oci_manifest : media_type::docker_manifest;
}

std::string_view config_type(Family family) noexcept {
    return family == Family::oci ? media_type::oci_config : media_type::docker_config;
}

Result<std::string_view> layer_type(Family family, Compression compression) {
    if (family == Family::oci) {
        switch (compression) {
            case Compression::none:
                return media_type::oci_layer;
            case Compression::gzip:
                return media_type::oci_layer_gzip;
            case Compression::zstd:
                return media_type::oci_layer_zstd;
        }
    }
    if (compression == Compression::gzip) {
        return media_type::docker_layer_gzip;
    }
    return fail(Error(ErrorCode::unsupported,
                      fmt::format("a Docker manifest cannot have a layer with compression {}",
                                  archive::to_string(compression)))
                    .with_rule("oci.media-type")
                    .with_hint("use gzip, or convert the base image to OCI media types"));
}

}  // namespace envpack::oci
