#include "envpack/oci/blob_layer.hpp"

#include <utility>

namespace envpack::oci {

BlobLayer::BlobLayer(std::shared_ptr<const Fetcher> from, Descriptor descriptor, Digest diff_id)
    : from_(std::move(from)), descriptor_(std::move(descriptor)), diff_id_(diff_id) {}

Result<std::unique_ptr<ByteSource>> BlobLayer::open(const RunContext& run) const {
    return from_->fetch(descriptor_, run);
}

}  // namespace envpack::oci
