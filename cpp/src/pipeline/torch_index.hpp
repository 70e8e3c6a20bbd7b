#pragma once

#include "cuda_base.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/cuda/index_plan.hpp"
#include "envpack/env/explain.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/index/package_index.hpp"
#include "envpack/pipeline/resolve.hpp"
#include "request.hpp"
#include "source_index.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace envpack::pipeline {

/// One of the two, or none where nothing is chosen.
struct TorchIndexChoice {
    std::optional<env::LockedTorchIndex> index = std::nullopt;  ///< as a lock records it
    std::optional<cuda::IndexPlan> plan = std::nullopt;         ///< what it was made of
    cuda::IndexQuestion question = {};                          ///< of the plan
    std::optional<env::Explanation> conflict = std::nullopt;    ///< why no index fits
    bool is_named = false;  ///< the request itself names one of the packages
};

/// Pins torch and all that is built with it to the index that fits the target of
/// `options.cuda`, in `request`; torch itself is kept to releases that fit. Does nothing where that
/// is not asked for or the base provides torch. With a conflict that is not named, only the solve
/// tells whether one of those packages is needed.
Result<TorchIndexChoice> pin_torch_index(const ResolveOptions& options, const CudaBase& target,
                                         Request& request, const UserConfig& user,
                                         const RunContext& run);

/// Notes where the index of the choice says otherwise than the tables that it was made from. For
/// where the solve asked that index for torch anyway.
Result<void> note_disagreements(const TorchIndexChoice& choice, const index::PackageIndex& index,
                                const RunContext& run);

/// Whether it adds torch or what is built with it from an index; what was asked for by place is
/// the user's own choice.
Result<bool> chooses_torch_family(const env::Selection& selection, const PlaceIndex& places);

/// Packages that the options allow to be replaced or shadowed.
std::set<packaging::PackageName> moving_packages(const ResolveOptions& options);

/// The torch of the base, unless the options let it move; nullptr when there is none.
const env::FrozenPackage* provided_torch(const ResolveOptions& options, const env::Inventory& base);

/// A companion of torch that belongs to another release than the provided one, with the version
/// that does belong to it.
Result<std::vector<std::string>> family_notes(const env::Selection& selection,
                                              const env::Inventory& base);

}  // namespace envpack::pipeline
