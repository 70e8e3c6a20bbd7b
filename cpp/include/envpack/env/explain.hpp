#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/package_provider.hpp"
#include "envpack/resolver/conflict.hpp"

#include <span>
#include <string>
#include <vector>

// A Conflict as a person needs it: who asked for what, where the base stands in the way, and what
// can be done about it. The proof itself (Conflict::explain()) is exact but speaks of ranges; this
// text names files and lines, layers, and the reason why a version does not count. Every way out
// has been solved, so it works for the request as a whole.

namespace envpack::env {

/// A change of the request that makes it solvable.
struct WayOut {
    /// "other-version", "constraint", "prereleases", "yanked", "base-image", "relax", "unfreeze",
    /// "shadow" or "index-strategy"
    std::string kind;
    std::string description;  ///< "an older xformers, 0.0.20"
    std::string command;      ///< `envpack resolve … "xformers==0.0.20"`
};

/// One fact of the conflict.
struct Cause {
    /// "requirement", "dependency", "unavailable" (its metadata cannot be used), or an AbsenceKind
    std::string kind;
    std::string package;   ///< whom it is about
    std::string who = {};  ///< "requirements.txt:7", "torch 2.5.0 … 2.6.0", "base image, layer 3"
    std::string text = {};  ///< "torch>=2.3", "needs numpy ==2.*", "has numpy 1.24.4"
};

/// Value; not synchronised.
struct Explanation {
    std::string headline = {};  ///< one line, without "error:"
    std::string text = {};      ///< everything, several lines, with a final LF
    /// Requirements in the order of the request, dependencies from there on, what stands in the
    /// way.
    std::vector<Cause> causes = {};
    std::vector<WayOut> ways_out = {};       ///< smallest change first; may be empty
    std::vector<std::string> packages = {};  ///< every project of the proof, sorted
    std::string proof = {};  ///< Conflict::explain(), in terms of the versions that exist
    /// The same as a list: {cause, text, reason, because: [i, j]}, causes before what follows.
    json::Value derivation = {};
    /// {headline, packages, causes, ways_out, proof, derivation}
    json::Value to_json() const;
};

struct ExplainOptions {
    bool find_ways_out = true;  ///< costs further solves
    std::string command = "envpack resolve";
    std::vector<WayOut> further = {};  ///< that the caller has solved; they come last
};

/// `provider` is the one that the conflict came from, `requirements` what its roots were made of.
Result<Explanation> explain(const resolver::Conflict& conflict, PackageProvider& provider,
                            std::span<const UserRequirement> requirements,
                            const ExplainOptions& options = {}, const RunContext& run = {});

}  // namespace envpack::env
