#include "envpack/base/text.hpp"
#include "way_out.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>

// Several pins given up at once.

namespace envpack::env::way_out {

using packaging::PackageName;

namespace {

constexpr std::size_t max_set = 6;

/// Base packages and constraints that a proof leans on and that could be given up.
std::set<PackageName> pins_of(const resolver::Conflict& conflict, const PackageProvider& provider) {
    std::set<PackageName> pins;
    for (const resolver::ConflictNode& node : conflict.nodes()) {
        if (node.cause != resolver::ConflictCause::excluded || node.terms.empty()) {
            continue;
        }
        const PackageName& name = node.terms.front().package.name;
        const Provided* base = provider.find_provided(name);
        if (base == nullptr || !base->unremovable) {
            pins.insert(name);
        }
    }
    return pins;
}

}  // namespace

Result<std::optional<WayOut>> pins_together(const resolver::Conflict& conflict,
                                            PackageProvider& provider,
                                            std::span<const UserRequirement> requirements,
                                            const ExplainOptions& options, const RunContext& run) {
    std::set<PackageName> given_up = pins_of(conflict, provider);
    const auto solve_without =
        [&](const std::set<PackageName>& names) -> Result<resolver::Outcome> {
        ProviderOptions changed = provider.options();
        changed.unfrozen.insert(names.begin(), names.end());
        drop_constraints(changed, names);
        PackageProvider without = provider.with_options(std::move(changed));
        ENVPACK_TRY(const auto roots, without.roots(requirements));
        return resolver::solve(without, roots, run);
    };
    for (std::size_t before = 0;;) {
        if (given_up.size() == before || given_up.size() > max_set) {
            return std::optional<WayOut>();
        }
        before = given_up.size();
        ENVPACK_TRY(const resolver::Outcome outcome, solve_without(given_up));
        const auto* next = std::get_if<resolver::Conflict>(&outcome);
        if (next == nullptr) {
            break;
        }
        given_up.merge(pins_of(*next, provider));
    }
    for (const PackageName& name : std::set<PackageName>(given_up)) {
        std::set<PackageName> fewer = given_up;
        fewer.erase(name);
        ENVPACK_TRY(const resolver::Outcome outcome, solve_without(fewer));
        if (std::holds_alternative<resolver::Resolution>(outcome)) {
            given_up = std::move(fewer);
        }
    }
    std::vector<std::string> names;
    std::string command = options.command + " …";
    for (const PackageName& name : given_up) {
        const bool is_base = provider.is_frozen(name);
        names.push_back((is_base ? "the base's " : "the constraint on ") + name.to_string());
        if (is_base) {
            command += " --unfreeze " + name.to_string();
        }
    }
    return WayOut{"unfreeze", "give up together " + text::join(names, ", "), std::move(command)};
}

}  // namespace envpack::env::way_out
