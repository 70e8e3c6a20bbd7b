#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/packaging/version.hpp"
#include "envpack/resolver/conflict.hpp"
#include "envpack/resolver/dependency_provider.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <variant>

// PubGrub (N. Weizenbaum, "PubGrub: Next-Generation Version Solving", 2018; the documentation of
// Dart's pub describes the algorithm): unit propagation, conflict-driven learning, backjumping.
//
// * An answer is complete: Conflict means that there is no solution under the provider's policy,
//   not that the search gave up. There is no limit on the number of steps; RunContext::stop ends
//   a solve at the next one.
// * It is deterministic: it depends on the provider's answers only, not on timing or addresses.
// * The choice among several solutions follows DependencyProvider::priority(). A package that is
//   rejected again and again because of another one is decided before that one from then on, so
//   that newest versions of the two are tried in both orders.

namespace envpack::resolver {

/// How hard it was. An easy solve decides once for each package and meets no conflict; a version
/// that fails at once counts as a conflict, not as a decision.
struct SolveCounts {
    std::uint64_t decisions = 0;
    std::uint64_t conflicts = 0;
};

/// One version for every package that the roots reach, extras included.
struct Resolution {
    std::map<Package, packaging::Version> versions;
    SolveCounts counts = {};
};

/// "No solution" is an answer, not a failure.
using Outcome = std::variant<Resolution, Conflict>;

/// Solves for `roots`. Fails with whatever the provider fails with, and with ErrorCode::cancelled.
Result<Outcome> solve(DependencyProvider& provider, std::span<const Dependency> roots,
                      const RunContext& run = {});

}  // namespace envpack::resolver
