#pragma once

#include "envpack/env/explain.hpp"

#include <cstddef>
#include <map>
#include <set>
#include <span>
#include <vector>

namespace envpack::env {

/// What a conflict is about, as far as changes of the request go.
struct Involved {
    /// What a package of an index asks of a base package, and does not get.
    struct Demand {
        packaging::PackageName package;
        packaging::PackageName dependency;
        friend auto operator<=>(const Demand&, const Demand&) = default;
    };
    std::vector<Demand> demands = {};                   ///< from the request on, each once
    std::vector<std::size_t> requirements = {};         ///< positions in the request
    std::set<packaging::PackageName> constrained = {};  ///< packages with a limit in the way
    std::set<packaging::PackageName> frozen = {};       ///< base packages in the way
    /// Where only withdrawn versions are left, with what is asked for.
    std::map<packaging::PackageName, packaging::VersionRange> yanked = {};
    bool has_prereleases = false;  ///< pre-releases would be there
};

/// Changes that make the request, which `conflict` is the conflict of, solvable, each solved,
/// smallest first, at most four.
Result<std::vector<WayOut>> ways_out(const Involved& involved, const resolver::Conflict& conflict,
                                     PackageProvider& provider,
                                     std::span<const UserRequirement> requirements,
                                     const ExplainOptions& options, const RunContext& run);

}  // namespace envpack::env
