#include "envpack/oci/image_tree.hpp"

#include "envpack/archive/compression.hpp"
#include "envpack/archive/stacked_tree.hpp"
#include "envpack/base/assert.hpp"
#include "envpack/base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

using archive::LayerListing;

/// Hashes a layer's plain bytes and compares them, at their end, with the diff_id that the config
/// claims. One thread.
class DiffIdSource final : public ByteSource {
public:
    DiffIdSource(std::unique_ptr<ByteSource> from, const Digest& expected, bool& complete)
        : from_(std::move(from)), expected_(expected), complete_(complete) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        ENVPACK_TRY(const std::size_t count, from_->read(into));
        if (count != 0) {
            hash_.update(into.first(count));
        } else if (!complete_) {
            const Digest actual = std::move(hash_).finish();
            if (actual != expected_) {
                return fail(Error(ErrorCode::digest_mismatch,
                                  fmt::format("the layer has diff_id {}, but the image's config "
                                              "says {}",
                                              actual.to_string(), expected_.to_string()))
                                .with_rule("oci.diff-id"));
            }
            complete_ = true;
        }
        return count;
    }

private:
    std::unique_ptr<ByteSource> from_;
    Digest expected_;
    Sha256 hash_;
    bool& complete_;
};

Result<std::shared_ptr<const LayerListing>> list_unexplained(const Layer& layer,
                                                             const archive::CaptureFilter& capture,
                                                             archive::FileDigests digests,
                                                             const Limits& limits,
                                                             const RunContext& run) {
    bool complete = false;
    ENVPACK_TRY(std::unique_ptr<ByteSource> blob, layer.open(run));
    ENVPACK_TRY(std::unique_ptr<ByteSource> plain, archive::decompressed(std::move(blob), limits));
    ENVPACK_TRY(LayerListing listing,
                archive::list_layer(
                    std::make_unique<DiffIdSource>(std::move(plain), layer.diff_id(), complete),
                    capture, digests, limits, run));
    ENVPACK_ASSERT(complete);  // list_layer() reads to the end, or what it says is unverified
    return std::make_shared<const LayerListing>(std::move(listing));
}

/// A damaged blob makes no sense long before its end, where its digest would tell: then the damage
/// is the reason to give, not the nonsense.
Result<std::shared_ptr<const LayerListing>> list(const Layer& layer,
                                                 const archive::CaptureFilter& capture,
                                                 archive::FileDigests digests, const Limits& limits,
                                                 const RunContext& run) {
    auto listing = list_unexplained(layer, capture, digests, limits, run);
    if (!listing && listing.error().code() == ErrorCode::parse_error) {
        ENVPACK_TRY(const std::unique_ptr<ByteSource> blob, layer.open(run));
        NullSink sink;
        ENVPACK_CHECK(copy(*blob, sink, run));
    }
    return listing;
}

/// The layers by size, the largest first, so that no core is left with a large one at the end.
std::vector<std::size_t> largest_first(const std::vector<LayerPtr>& layers) {
    std::vector<std::size_t> order(layers.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater<>(),
                             [&](std::size_t i) { return layers[i]->descriptor().size; });
    return order;
}

Result<std::shared_ptr<const archive::StackedTree>> stacked(const Image& image,
                                                            const archive::CaptureFilter& capture,
                                                            archive::FileDigests digests,
                                                            const Limits& limits,
                                                            const RunContext& run) {
    using ListingPtr = std::shared_ptr<const LayerListing>;
    const std::vector<LayerPtr>& layers = image.layers();
    const std::vector<std::size_t> order = largest_first(layers);
    std::vector<ListingPtr> listings(layers.size());
    std::atomic<std::uint64_t> done{0};
    ENVPACK_CHECK(parallel_for(
        layers.size(),
        [&](std::size_t turn) -> Result<void> {
            const std::size_t i = order[turn];
            ENVPACK_TRY(listings[i], with_context(list(*layers[i], capture, digests, limits, run),
                                                  fmt::format("while reading layer {} of {}", i + 1,
                                                              layers.size())));
            run.report("layers", ++done, layers.size());
            return {};
        },
        run));
    // The tree may live longer than whoever listens to this run.
    const RunContext later{.stop = run.stop};
    ENVPACK_TRY(std::unique_ptr<const archive::StackedTree> tree,
                archive::StackedTree::make(
                    std::move(listings),
                    [layers, later](std::size_t i) { return layers[i]->open(later); }, limits));
    return std::shared_ptr<const archive::StackedTree>(std::move(tree));
}

}  // namespace

Result<std::shared_ptr<const archive::StackedTree>> open_tree(const Image& image,
                                                              const archive::CaptureFilter& capture,
                                                              const Limits& limits,
                                                              const RunContext& run) {
    return stacked(image, capture, archive::FileDigests::none, limits, run);
}

Result<std::shared_ptr<const archive::StackedTree>> open_hashed_tree(
    const Image& image, const archive::CaptureFilter& capture, const Limits& limits,
    const RunContext& run) {
    return stacked(image, capture, archive::FileDigests::sha256, limits, run);
}

Result<void> verify_layer(const Layer& layer, const Limits& limits, const RunContext& run) {
    // The blob first: damage shows as all sorts of nonsense before its end is reached.
    ENVPACK_TRY(const std::unique_ptr<ByteSource> blob, layer.open(run));
    NullSink sink;
    ENVPACK_CHECK(copy(*blob, sink, run));
    ENVPACK_CHECK(list_unexplained(layer, nullptr, archive::FileDigests::none, limits, run));
    return {};
}

}  // namespace envpack::oci
