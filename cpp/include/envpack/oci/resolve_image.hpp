#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/oci/image.hpp"
#include "envpack/oci/target.hpp"

#include <memory>
#include <string_view>

namespace envpack::oci {

/// What resolve_manifest() found. Value; not synchronised.
struct ResolvedManifest {
    Descriptor manifest;
    /// The index that the manifest was chosen from; nullopt when the name led to it directly.
    std::optional<Descriptor> index = std::nullopt;
};

/// The manifest that `name` means for `platform`. Without a name: the only image there is. Nested
/// indexes are followed to a depth of 8, none twice (rule `oci.index-depth`). A manifest that is
/// named directly is taken whatever its platform. not_found lists the tags or platforms that
/// exist; invalid_argument when an empty name could mean several images.
Result<ResolvedManifest> resolve_manifest(const Fetcher& from, std::string_view name,
                                          const Platform& platform, const Limits& limits = {},
                                          const RunContext& run = {});

/// The image behind a manifest. Fetches and checks manifest and config; layers are fetched when
/// they are opened. unsupported (rule `oci.not-an-image`) for an artifact of another kind.
Result<ImagePtr> open_image(std::shared_ptr<const Fetcher> from, const Descriptor& manifest,
                            const Limits& limits = {}, const RunContext& run = {});

/// open_image() of resolve_manifest().
Result<ImagePtr> resolve_image(const std::shared_ptr<const Fetcher>& from, std::string_view name,
                               const Platform& platform, const Limits& limits = {},
                               const RunContext& run = {});

}  // namespace envpack::oci
