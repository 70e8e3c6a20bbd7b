#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/unnamed_file.hpp"
#include "envpack/oci/descriptor.hpp"

#include <memory>

namespace envpack::oci {

/// An immutable layer. Digest and diff_id are known before the first open(), so every use can be
/// repeated. Thread-safe.
class Layer {
public:
    virtual ~Layer() = default;
    /// Of the blob as it is stored, compressed or not. Its media type is of the OCI family when
    /// the layer is not yet part of an image.
    virtual const Descriptor& descriptor() const noexcept = 0;
    /// sha256 of the tar. Computed for a layer that envpack wrote; for a layer that was found it
    /// is the claim of the image's config, which open_tree() checks.
    virtual const Digest& diff_id() const noexcept = 0;
    /// A fresh stream of the blob each time. Verified: it ends with digest_mismatch unless its
    /// bytes are those of descriptor(). not_found when the blob is missing.
    virtual Result<std::unique_ptr<ByteSource>> open(const RunContext& run) const = 0;
    /// The blob as a file of this process alone, which nobody else could change since its digest
    /// was computed: Target::adopt(). Null where there is none.
    virtual const UnnamedFile* own_file() const noexcept { return nullptr; }
};

using LayerPtr = std::shared_ptr<const Layer>;

}  // namespace envpack::oci
