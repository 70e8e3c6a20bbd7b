#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/pipeline/install.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "envpack/wheel/install_scheme.hpp"

#include <filesystem>
#include <optional>
#include <vector>

namespace envpack::pipeline {

/// The environment that an install works on.
struct InstallPlace {
    std::filesystem::path prefix;                 ///< absolute, behind all links
    bool is_new = false;                          ///< it is to be made
    env::Inventory inventory = {};                ///< what it sees now
    wheel::InstallScheme scheme = {};             ///< relative to the prefix
    std::vector<archive::PlannedEntry> own = {};  ///< of a new one: its own files, relative

    /// Where the distribution lies below the prefix; nullopt for one that is only seen.
    std::optional<SafePath> own_path(const env::FrozenPackage& package) const;
};

/// Absolute and without links, as far as it exists.
Result<std::filesystem::path> real_prefix(const std::filesystem::path& prefix);

/// Looks at what is at `prefix`; `is_empty` says that there is nothing. An environment whose making
/// was interrupted counts as new. Fails as install() does for what is no environment.
Result<InstallPlace> open_install_place(const std::filesystem::path& prefix, bool is_empty,
                                        const InstallOptions& options, const UserConfig& user,
                                        const RunContext& run);

}  // namespace envpack::pipeline
