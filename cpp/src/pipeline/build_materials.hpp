#pragma once

#include "build_base.hpp"
#include "build_layers.hpp"
#include "build_plan.hpp"
#include "envpack/base/clock.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/package_url.hpp"
#include "envpack/pipeline/build.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace envpack::pipeline {

/// What the documents beside an image tell of it, as far as nobody can read it from the image.
struct BuildMaterials {
    UnixTime created = 0;
    /// The packages of the finished image, as freeze() would find them there; empty without a
    /// Python, and where no bill of materials is wanted.
    env::Inventory inventory = {};
    std::vector<env::PackageOrigin> origins = {};  ///< no index: the default one
    std::vector<Digest> layers = {};               ///< of the image, lowest first
    /// Of the base, as far as its digest is that of its bytes.
    std::string base_media_type = {};
    std::optional<Digest> lock = std::nullopt;   ///< of its text; none: there was no lock
    std::vector<std::string> requirements = {};  ///< that the lock was made for
    std::string layer_recipe = {};               ///< decides the bytes of layers
};

/// Whether `options` want documents at all.
bool wants_materials(const BuildOptions& options) noexcept;

/// Leaves out the default index: the one that everybody means who names none.
Result<std::vector<env::PackageOrigin>> public_origins(std::vector<env::PackageOrigin> origins,
                                                       const UserConfig& user,
                                                       const RunContext& run);

/// Takes the inventory of an image that is not written yet: the base with `layers` on top, for
/// processes with `environment`. `is_copied`: the environment is one of this machine.
Result<env::Inventory> planned_inventory(const BuildBase& base,
                                         const std::vector<PlacedLayer>& layers,
                                         const env::Environment& environment, bool is_copied,
                                         const RunContext& run);

}  // namespace envpack::pipeline
