#pragma once

#include "build_materials.hpp"
#include "build_records.hpp"
#include "envpack/base/clock.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/oci/image.hpp"
#include "envpack/pipeline/build.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "package_hooks.hpp"

#include <optional>
#include <string>
#include <vector>

namespace envpack::pipeline {

/// An image that was built and is nowhere yet: its new layers are in nameless files, or where an
/// earlier build wrote them.
struct BuiltImage {
    oci::ImagePtr image = nullptr;
    Digest base_digest = {};
    std::optional<std::string> base_name = std::nullopt;  ///< as the user named it
    std::vector<BuiltLayer> layers = {};                  ///< those on top of the base
    std::vector<CopiedLibrary> libraries = {};
    std::vector<std::string> notes = {};
    StartupHooks startup_hooks = {};
    std::optional<BuildMaterials> materials = std::nullopt;  ///< where documents are wanted
};

/// The time of files and of the image: SOURCE_DATE_EPOCH, else a constant.
Result<UnixTime> build_epoch(const UserConfig& user);

/// build() up to the destination; `options.output` means nothing. What `stores` have is not
/// made again.
Result<BuiltImage> build_image(const BuildOptions& options, UnixTime created,
                               const BuildStores& stores, const UserConfig& user,
                               const RunContext& run);

}  // namespace envpack::pipeline
