#pragma once

#include "build_base.hpp"
#include "build_plan.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/pipeline/user_config.hpp"

namespace envpack::pipeline {

/// Rule R15: a wheel that is added to a base brings no file of a package of the base, however the
/// two are called (`onnxruntime` beside `onnxruntime-gpu`): of the same place below a folder of
/// sys.path, with other content. A package that the lock replaces, or that was given with
/// --shadow, may be hidden. invalid_argument with rule `build.base-file`, which names both packages
/// and a file.
Result<void> check_base_files(const BuildPlan& plan, const BuildBase& base, const env::Lock& lock,
                              const UserConfig& user, const RunContext& run);

}  // namespace envpack::pipeline
