#include "envpack/oci/empty_image.hpp"

#include "envpack/base/assert.hpp"

#include <utility>

namespace envpack::oci {

ImagePtr empty_image(const Platform& platform, UnixTime created) {
    json::Value rootfs = json::Object{};
    rootfs.set("type", "layers");
    rootfs.set("diff_ids", json::Array{});
    json::Value config = platform.to_json();
    config.set("created", format_rfc3339(created));
    config.set("config", json::Object{});
    config.set("rootfs", std::move(rootfs));
    config.set("history", json::Array{});
    std::string raw_config = json::to_canonical(config);

    json::Value manifest = json::Object{};
    manifest.set("schemaVersion", 2);
    manifest.set("mediaType", media_type::oci_manifest);
    manifest.set("config", describe(media_type::oci_config, raw_config).to_json());
    manifest.set("layers", json::Array{});
    Result<ImagePtr> image = make_image(std::string(media_type::oci_manifest),
                                        json::to_canonical(manifest), std::move(raw_config), {});
    ENVPACK_ASSERT(image.has_value());
    return *std::move(image);
}

}  // namespace envpack::oci
