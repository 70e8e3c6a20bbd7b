#include "explain_ways_out.hpp"

#include "way_out.hpp"

#include <optional>
#include <utility>

namespace envpack::env {

using packaging::PackageName;

namespace {

constexpr std::size_t max_ways_out = 4;

}  // namespace

Result<std::vector<WayOut>> ways_out(const Involved& involved, const resolver::Conflict& conflict,
                                     PackageProvider& provider,
                                     std::span<const UserRequirement> requirements,
                                     const ExplainOptions& options, const RunContext& run) {
    using namespace way_out;
    std::vector<WayOut> found;
    const auto keep = [&](std::optional<WayOut> way) {
        if (way && found.size() < max_ways_out) {
            found.push_back(*std::move(way));
        }
    };
    std::set<PackageName> tried;
    for (const std::size_t position : involved.requirements) {
        const packaging::Requirement& wanted = requirements[position].requirement;
        if (wanted.specifiers.empty() || tried.size() == max_attempts ||
            !tried.insert(wanted.name).second) {
            continue;
        }
        ENVPACK_TRY(auto way, other_version(provider, requirements, wanted, options, run));
        keep(std::move(way));
    }
    for (const PackageName& name : involved.constrained) {
        ENVPACK_TRY(auto way, without_constraint(provider, requirements, name, run));
        keep(std::move(way));
    }
    if (involved.has_prereleases && !provider.options().prereleases) {
        ENVPACK_TRY(auto way, with_prereleases(provider, requirements, options, run));
        keep(std::move(way));
    }
    for (const auto& [name, range] : involved.yanked) {
        ENVPACK_TRY(auto way, pin_yanked(provider, requirements, name, range, options, run));
        keep(std::move(way));
    }
    if (!involved.frozen.empty()) {
        ENVPACK_TRY(auto way, other_base(provider, requirements, run));
        keep(std::move(way));
    }
    std::size_t attempts = 0;
    for (const Involved::Demand& demand : involved.demands) {
        if (attempts++ == max_attempts) {
            break;
        }
        ENVPACK_TRY(auto way, relax(provider, requirements, demand, options, run));
        if (way) {
            keep(std::move(way));
            break;
        }
    }
    attempts = 0;
    for (const PackageName& name : involved.frozen) {
        const Provided* base = provider.find_provided(name);
        if (base == nullptr || attempts++ == max_attempts) {
            continue;
        }
        ENVPACK_TRY(auto way, unfreeze(provider, requirements, name, options, run));
        keep(std::move(way));
    }
    if (found.empty()) {
        ENVPACK_TRY(auto way, pins_together(conflict, provider, requirements, options, run));
        keep(std::move(way));
    }
    return found;
}

}  // namespace envpack::env
