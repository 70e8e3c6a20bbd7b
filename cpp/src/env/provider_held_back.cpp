#include "provider_state.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

// What constraints and the base cost: packages that would be newer without them.

namespace envpack::env {

using packaging::PackageName;
using packaging::Requirement;
using packaging::SpecifierSet;
using packaging::Version;
using resolver::Package;
using resolver::Resolution;

namespace {

/// Every specifier that somebody who was chosen puts on each name.
using Demanded = std::map<PackageName, std::vector<SpecifierSet>>;

bool accepts(const std::vector<SpecifierSet>& all, const Version& version) {
    return std::all_of(all.begin(), all.end(), [&](const SpecifierSet& specifiers) {
        return specifiers.contains(version, true);
    });
}

}  // namespace

/// What stands between `version` of `name` and the solution, when it is a constraint or the base;
/// nullopt when it is something else.
std::optional<std::string> PackageProvider::State::held_back_by(const PackageName& name,
                                                                const Version& version) {
    std::optional<std::string> first;  // whatever the order of the constraints
    for (const Limit& limit : limits_of(name)) {
        if (!limit.specifiers.contains(version, true) && (!first || limit.reason < *first)) {
            first = limit.reason;
        }
    }
    if (first) {
        return first;
    }
    const Candidate* candidate = projects.at(name).find(version);
    if (candidate == nullptr || !world->has_metadata(*candidate->file)) {
        return std::nullopt;
    }
    const auto answer = world->metadata(*candidate->file, run);
    if (!answer || !(*answer)->value) {
        return std::nullopt;
    }
    for (const Requirement& wanted : (*answer)->value->requires_dist) {
        if (!holds(wanted, nullptr) || is_relaxed(name, wanted.name)) {
            continue;
        }
        if (const Provided* base = frozen(wanted.name);
            base != nullptr &&
            (!base->version || !wanted.specifiers.contains(*base->version, true))) {
            return fmt::format("the base has {} {}, and {} {} requires {}", base->name.str(),
                               base->shown_version(), name.str(), version.to_string(),
                               wanted.to_string());
        }
    }
    return std::nullopt;
}

Result<std::vector<HeldBack>> PackageProvider::held_back(
    const Resolution& resolution, std::span<const UserRequirement> requirements) {
    Demanded demanded;
    for (const UserRequirement& wanted : requirements) {
        if (state_->holds(wanted.requirement, nullptr)) {
            demanded[wanted.requirement.name].push_back(wanted.requirement.specifiers);
        }
    }
    if (!state_->options.no_dependencies) {
        for (const auto& [package, version] : resolution.versions) {
            ENVPACK_TRY(const auto needed, state_->requirements_of(package, version));
            for (const Requirement& requirement : needed) {
                demanded[requirement.name].push_back(requirement.specifiers);
            }
        }
    }
    std::vector<HeldBack> result;
    for (const auto& [package, chosen] : resolution.versions) {
        const Provided* base = state_->find(package.name);
        const bool is_base = base != nullptr && base->version && *base->version == chosen;
        if (package.extra || is_base) {
            continue;
        }
        ENVPACK_TRY(ProjectCandidates * known, state_->candidates(package.name));
        const auto versions = known->versions();
        for (std::size_t i = versions.size(); i-- > 0 && versions[i] > chosen;) {
            if ((versions[i].is_prerelease() && !chosen.is_prerelease()) ||
                !known->candidate(i).is_usable() || known->candidate(i).is_yanked() ||
                !accepts(demanded[package.name], versions[i])) {
                continue;
            }
            if (auto by = state_->held_back_by(package.name, versions[i])) {
                result.push_back({package.name, chosen, versions[i], *std::move(by)});
                break;
            }
        }
    }
    return result;
}

}  // namespace envpack::env
