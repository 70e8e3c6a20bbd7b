#pragma once

#include "envpack/archive/layer_listing.hpp"
#include "envpack/archive/stacked_tree.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/oci/image.hpp"

#include <memory>

namespace envpack::oci {

/// The file system of `image`, read layer by layer (in parallel) and never unpacked. Each blob is
/// checked against its digest and its tar against the config's diff_id, which is a claim until
/// then (rule `oci.diff-id`). Contents that `capture` asks for are kept in memory; other files are
/// streamed again from their layer when they are opened, which outlives `image`.
Result<std::shared_ptr<const archive::StackedTree>> open_tree(const Image& image,
                                                              const archive::CaptureFilter& capture,
                                                              const Limits& limits = {},
                                                              const RunContext& run = {});

/// The same with the digest of every regular file, and with what is known of each layer.
Result<std::shared_ptr<const archive::StackedTree>> open_hashed_tree(
    const Image& image, const archive::CaptureFilter& capture, const Limits& limits = {},
    const RunContext& run = {});

/// Reads one layer to its end, twice: digest and size of the blob, then the compression, the tar
/// and the diff_id. Fails as open_tree() does, but a blob unlike its digest is always called so.
Result<void> verify_layer(const Layer& layer, const Limits& limits = {},
                          const RunContext& run = {});

}  // namespace envpack::oci
