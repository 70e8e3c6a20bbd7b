#pragma once

#include "envpack/oci/layer.hpp"
#include "envpack/oci/target.hpp"

#include <memory>

namespace envpack::oci {

/// A layer whose blob lies in a target: the layers of an image that was opened. Thread-safe.
class BlobLayer final : public Layer {
public:
    BlobLayer(std::shared_ptr<const Fetcher> from, Descriptor descriptor, Digest diff_id);
    const Descriptor& descriptor() const noexcept override { return descriptor_; }
    const Digest& diff_id() const noexcept override { return diff_id_; }
    Result<std::unique_ptr<ByteSource>> open(const RunContext& run) const override;
    /// Where the blob lies; a push to the same place has nothing to do.
    const Fetcher& fetcher() const noexcept { return *from_; }

private:
    std::shared_ptr<const Fetcher> from_;
    Descriptor descriptor_;
    Digest diff_id_;
};

}  // namespace envpack::oci
