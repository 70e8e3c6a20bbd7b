#pragma once

#include "build_base.hpp"
#include "build_records.hpp"
#include "direct_source.hpp"
#include "envpack/archive/content.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/env/package_url.hpp"
#include "envpack/index/package_index.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "locked_wheels.hpp"
#include "package_hooks.hpp"
#include "planned_files.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace envpack::pipeline {

struct BuildPlan {
    std::vector<PlannedFiles> groups = {};
    std::vector<env::PackageOrigin> origins = {};  ///< of those of a lock; indexes as it names them
    std::vector<std::string> notes = {};
    StartupHooks startup_hooks = {};  ///< of what is added, by path
    /// Whether all packages are wheels that the lock names by their sha256: then the lock and the
    /// base decide everything.
    bool is_fixed = false;
};

/// An environment with the wheels of `lock`, one group a wheel, the environment's own files last.
/// `folder` is the lock's, for files that it names by path; `sources` hands out wheels that it
/// names by http URL and builds what has no wheel. A wheel that `records` knows is fetched and
/// opened when its bytes are wanted: `lock` and `run` must live as long as the plan.
Result<BuildPlan> plan_from_lock(const env::Lock& lock, const std::filesystem::path& folder,
                                 const BuildBase& base, std::shared_ptr<const LockSources> sources,
                                 const BuildRecords& records, const RunContext& run);

/// The virtual environment of `options` as it is on this machine, one group a distribution.
Result<BuildPlan> plan_from_venv(const BuildOptions& options, const BuildBase& base,
                                 const UserConfig& user, const RunContext& run);

/// Keeps each path in the first group that brings it. invalid_argument with rule
/// `plan.path-conflict`, naming both, where two bring one with different content.
Result<void> drop_repeated(std::vector<PlannedFiles>& groups);

/// One layer for each large distribution, lowest first by title, one for all others, and the last
/// for what is of no distribution of an environment. A path
/// that two of them bring with the same bytes is kept in the first; with other bytes it is an
/// invalid_argument (rule `plan.path-conflict`) that names both. `budget` layers at most: the
/// largest keep their own. Depends on nothing but the plan.
Result<std::vector<PlannedFiles>> layers_of(BuildPlan plan, std::size_t budget);

}  // namespace envpack::pipeline
