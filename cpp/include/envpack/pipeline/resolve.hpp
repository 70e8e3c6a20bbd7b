#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/explain.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/env/package_provider.hpp"
#include "envpack/pipeline/index_url.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "envpack/pipeline/user_indexes.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace envpack::pipeline {

struct ResolveOptions {
    std::vector<std::string> requirements = {};                 ///< PEP 508 texts
    std::vector<std::string> editables = {};                    ///< project folders, as after -e
    std::vector<std::filesystem::path> requirement_files = {};  ///< as after pip's -r
    std::vector<std::filesystem::path> constraint_files = {};   ///< as after pip's -c
    /// As Source::parse() reads it: its packages are provided and never replaced, and its Python
    /// and platform are the target. None: the Python in use is the target, nothing is provided.
    std::optional<std::string> base = std::nullopt;
    std::optional<std::string> python = std::nullopt;  ///< as FreezeOptions::python
    bool pre = false;                                  ///< allow pre-releases of everything
    std::vector<std::string> unfreeze = {};            ///< base packages that may be replaced
    /// Base packages that another version may come before on the path, though they stay: also those
    /// of Debian or distutils. Files of theirs may be hidden.
    std::vector<std::string> shadow = {};
    /// Base packages that count as the release that their pre-release version comes before.
    std::vector<std::string> treat_as_release = {};
    /// `NAME[:DEPENDENCY]`: what NAME requires of base packages is given up.
    std::vector<std::string> relax = {};
    bool no_dependencies = false;  ///< only what is named
    /// What becomes of what the base requires and lacks.
    env::BaseDependencies base_dependencies = env::BaseDependencies::add;
    bool no_build = false;                      ///< wheels only
    std::vector<std::string> no_binary = {};    ///< names or `:all:`: from source
    std::vector<std::string> only_binary = {};  ///< names or `:all:`: never from source
    bool require_hashes = false;                ///< every file must have a hash in the request
    std::string exclude_newer = {};             ///< as parse_date_or_time() reads it
    bool fail_on_downgrade = false;             ///< an error when a pin holds a package back
    /// Where the lock will be: project folders are written relative to it. Empty: here.
    std::filesystem::path lock_folder = {};
    IndexOptions indexes = {};
    /// When anything is said here, torch and what is built with it come from the one index of
    /// PyTorch that fits, unless the base provides torch.
    CudaOptions cuda = {};
};

/// A lock of what has to be added to the base; or why there is none, with ways out.
using ResolveOutcome = std::variant<env::Lock, env::Explanation>;

/// Chooses versions for the requirements on top of the base. Same inputs and same index pages, same
/// lock, byte for byte.
Result<ResolveOutcome> resolve(const ResolveOptions& options,
                               const UserConfig& user = user_config(), const RunContext& run = {});

}  // namespace envpack::pipeline
