#pragma once

#include "build_place.hpp"
#include "envpack/archive/file_tree.hpp"
#include "envpack/archive/stacked_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/oci/image.hpp"
#include "envpack/pipeline/build.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace envpack::pipeline {

/// A base image, as a build needs it.
struct BuildBase {
    oci::ImagePtr image = nullptr;
    std::shared_ptr<const archive::FileTree> tree = nullptr;
    std::shared_ptr<const archive::StackedTree> layers = nullptr;  ///< `tree`, as layers
    env::Inventory inventory = {};                                 ///< empty without a Python
    env::Environment environment = {};                             ///< of the image's config
    BuildPlace place = {};

    std::string interpreter() const;  ///< absolute in the image: "/usr/bin/python3.11"
};

/// Opens the base image, finds its Python and packages, and where `options` puts others. A base
/// without a Python is not_found, unless `options` has no input. `detail` is that of the inventory.
Result<BuildBase> open_base(const std::string& base, const BuildOptions& options,
                            env::InventoryDetail detail, const UserConfig& user,
                            const RunContext& run);

/// invalid_argument (rule `build.lock-base`) unless `lock` was made for such an environment: same
/// Python, and every package that the lock counts on is there in the same version. `who` is what
/// people call it: "the base".
Result<void> check_lock_target(const env::Lock& lock, const env::Inventory& inventory,
                               std::string_view who);

/// The same for a base, of which a lock must change no package but those that it says it replaces.
Result<void> check_lock_fits(const env::Lock& lock, const BuildBase& base);

}  // namespace envpack::pipeline
