#pragma once

#include "build_place.hpp"
#include "build_records.hpp"
#include "envpack/archive/file_tree.hpp"
#include "envpack/archive/stacked_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/oci/image.hpp"
#include "envpack/pipeline/build.hpp"
#include "envpack/pipeline/source.hpp"
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
    /// `tree`, as layers; of a base that was not read, null.
    std::shared_ptr<const archive::StackedTree> layers = nullptr;
    env::Inventory inventory = {};      ///< empty without a Python
    env::Environment environment = {};  ///< of the image's config
    BuildPlace place = {};

    /// Whether the digest of the image stands for its bytes. Not of a docker-archive, whose
    /// manifest is made up: nothing was verified against it.
    bool has_digest = true;

    std::string interpreter() const;  ///< absolute in the image: "/usr/bin/python3.11"
};

/// unsupported for a source that is no image.
Result<Source> source_of_base(const std::string& base);

/// Opens the base image, finds its Python and packages, and where `options` puts others. A base
/// without a Python is not_found, unless `options` has no input.
/// A base that `records` and the inventories of the cache know is not read; it is when a file that
/// they lack is wanted.
Result<BuildBase> open_base(const std::string& base, const BuildOptions& options,
                            const BuildRecords& records, const UserConfig& user,
                            const RunContext& run);

/// invalid_argument (rule `build.lock-base`) unless `lock` was made for such an environment: same
/// Python, and every package that the lock counts on is there in the same version. `who` is what
/// people call it: "the base".
Result<void> check_lock_target(const env::Lock& lock, const env::Inventory& inventory,
                               std::string_view who);

/// The same for a base, of which a lock must change no package but those that it says it replaces.
Result<void> check_lock_fits(const env::Lock& lock, const BuildBase& base);

}  // namespace envpack::pipeline
