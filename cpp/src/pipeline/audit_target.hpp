#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/interpreter.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/packaging/wheel_filename.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <vector>

// For which Python packages without a base are looked at.

namespace envpack::pipeline {

/// The oldest CPython that the tags of all wheels can mean together, on their machine, with a C
/// library that is new enough. Pure Python wheels leave it open: then 3.12, which only decides the
/// names of folders.
Result<env::Interpreter> target_of_wheels(const std::vector<packaging::WheelFilename>& wheels);

/// That which the lock was made for; of a lock that does not say it, the Python in use.
Result<env::Interpreter> target_of_lock(const env::Lock& lock, const UserConfig& user,
                                        const RunContext& run);

}  // namespace envpack::pipeline
