#include "envpack/oci/push_image.hpp"

#include "envpack/base/parallel.hpp"

#include <set>
#include <vector>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

Result<void> push_layer(const Layer& layer, Target& to, const RunContext& run) {
    const Descriptor& descriptor = layer.descriptor();
    ENVPACK_TRY(const bool present, to.exists(descriptor, run));
    if (present) {
        return {};
    }
    const auto push = [&]() -> Result<void> {
        if (const UnnamedFile* const file = layer.own_file()) {
            ENVPACK_TRY(const bool adopted, to.adopt(descriptor, *file, run));
            if (adopted) {
                return {};
            }
        }
        ENVPACK_TRY(const std::unique_ptr<ByteSource> blob, layer.open(run));
        return to.push(descriptor, *blob, run);
    };
    return with_context(push(),
                        fmt::format("while writing layer {}", descriptor.digest.to_string()));
}

Result<void> push_document(const Descriptor& descriptor, const std::string& raw, Target& to,
                           const RunContext& run) {
    MemorySource source{std::string_view(raw)};
    return to.push(descriptor, source, run);
}

}  // namespace

Result<Descriptor> push_image(const Image& image, Target& to, std::string_view tag,
                              const RunContext& run) {
    ENVPACK_TRY(const Manifest manifest, manifest_of(image));
    std::vector<const Layer*> layers;
    std::set<Digest> seen;  // one blob may be several layers
    for (const LayerPtr& layer : image.layers()) {
        if (seen.insert(layer->descriptor().digest).second) {
            layers.push_back(layer.get());
        }
    }
    ENVPACK_CHECK(parallel_for(
        layers.size(), [&](std::size_t i) { return push_layer(*layers[i], to, run); }, run));
    ENVPACK_CHECK(push_document(manifest.config, image.raw_config(), to, run));
    const Descriptor descriptor = descriptor_of(image);
    ENVPACK_CHECK(push_document(descriptor, image.raw_manifest(), to, run));
    ENVPACK_CHECK(to.tag(descriptor, tag, run));
    return descriptor;
}

}  // namespace envpack::oci
