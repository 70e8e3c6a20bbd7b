#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/cuda/index_plan.hpp"
#include "envpack/index/package_index.hpp"

#include <string>
#include <vector>

namespace envpack::pipeline {

/// Where `index`, asked for torch, says otherwise than the tables that `plan`, for `question`, was
/// made from: the release is not there, not for that Python and machine, or there is a newer one
/// that the tables do not know. Sentences without full stop; none where they agree. Errors of the
/// index, but for not_found, which is a disagreement.
Result<std::vector<std::string>> index_disagreements(const cuda::IndexPlan& plan,
                                                     const cuda::IndexQuestion& question,
                                                     const index::PackageIndex& index,
                                                     const RunContext& run);

}  // namespace envpack::pipeline
