#pragma once

#include "cuda_base.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/cuda/ecosystem_plan.hpp"
#include "envpack/env/explain.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/env/package_provider.hpp"
#include "envpack/pipeline/resolve.hpp"
#include "place_index.hpp"
#include "request.hpp"
#include "torch_index.hpp"

#include <optional>
#include <vector>

// Packages other than torch's whose builds depend on CUDA. What the request names is changed and
// limited before the solve; what is chosen, also behind a dependency, is judged after it.

namespace envpack::pipeline {

struct CudaPackages {
    std::optional<cuda::EcosystemQuestion> question = std::nullopt;  ///< none: nothing is asked
    std::vector<env::LockedCudaPackage> locked = {};                 ///< sorted by name
    std::optional<env::Explanation> conflict = std::nullopt;
};

/// Does nothing where `options.cuda` tells no target. In hash mode names and extras stay as they
/// are: what takes their place would have no hash.
Result<CudaPackages> choose_cuda_packages(const ResolveOptions& options, const CudaBase& target,
                                          const TorchIndexChoice& torch, Request& request,
                                          const UserConfig& user, const RunContext& run);

/// Why what was chosen cannot be used together on the target; none when nothing is known against
/// it. Files that the user names by place are judged by their torch alone.
Result<std::optional<env::Explanation>> judge_cuda_packages(
    const CudaPackages& packages, const env::Selection& selection, const env::Inventory& base,
    const PlaceIndex& places, env::PackageProvider& provider, const RunContext& run);

}  // namespace envpack::pipeline
