#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/explain.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/pipeline/resolve.hpp"
#include "request.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace envpack::pipeline {

/// Pins torch and all that is built with it to the index that fits the target of
/// `options.cuda`, in `request`; torch itself is kept to releases that fit. Does nothing where that
/// is not asked for or the base provides torch. The choice as a lock records it; none where nothing
/// is pinned. An explanation when nothing fits and the request names one of those packages.
Result<std::variant<std::optional<env::LockedTorchIndex>, env::Explanation>> pin_torch_index(
    const ResolveOptions& options, const env::Inventory& base, Request& request,
    const UserConfig& user, const RunContext& run);

/// A companion of torch that belongs to another release than the provided one, with the version
/// that does belong to it.
Result<std::vector<std::string>> family_notes(const env::Selection& selection,
                                              const env::Inventory& base);

}  // namespace envpack::pipeline
