// A foreign layer: bounded, and no path in it leaves the root.

#include "envpack/archive/layer_listing.hpp"
#include "envpack/archive/stacked_tree.hpp"
#include "envpack/base/bytes.hpp"
#include "fuzzing.hpp"

#include <memory>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace envpack;
    const Limits limits{.max_entries = 10'000, .max_total_size = std::uint64_t{64} << 20};
    auto listing = archive::list_layer(
        std::make_unique<MemorySource>(fuzz_text(data, size)),
        [](const SafePath&, const archive::FileInfo& info) { return info.size < 4096; }, limits,
        {});
    if (!listing) {
        return 0;
    }
    for (std::size_t i = 0; i < listing->size(); ++i) {
        const std::string_view path = listing->entry(i).path;
        ENVPACK_ASSERT(path.empty() || SafePath::normalize(path)->str() == path);
    }
    auto shared = std::make_shared<const archive::LayerListing>(*std::move(listing));
    static_cast<void>(archive::StackedTree::make({shared, shared}));
    return 0;
}
