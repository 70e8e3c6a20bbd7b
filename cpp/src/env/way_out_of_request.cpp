#include "envpack/env/replaced_packages.hpp"
#include "way_out.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

// Changes of what is asked for.

namespace envpack::env::way_out {

using packaging::PackageName;
using packaging::Version;
using packaging::VersionRange;

namespace {

/// The request with `specifiers` in place of all that it says of the versions of `name`.
std::vector<UserRequirement> with_specifiers(std::span<const UserRequirement> requirements,
                                             const PackageName& name,
                                             const packaging::SpecifierSet& specifiers) {
    std::vector<UserRequirement> result(requirements.begin(), requirements.end());
    for (UserRequirement& wanted : result) {
        if (wanted.requirement.name == name) {
            wanted.requirement.specifiers = specifiers;
        }
    }
    return result;
}

/// "an older x, 1.4": relative to the newest version that was asked for, or to all that were asked
/// for where there is none.
Result<std::string> describe_other(PackageProvider& provider, const packaging::Requirement& wanted,
                                   const Version& version) {
    if (provider.is_frozen(wanted.name)) {
        return fmt::format("keep the {} of the base, {}", wanted.name.str(), version.to_string());
    }
    ENVPACK_TRY(const auto versions, provider.versions(wanted.name));
    const VersionRange asked = VersionRange::of(wanted.specifiers);
    const auto newest = std::find_if(versions.rbegin(), versions.rend(),
                                     [&](const Version& one) { return asked.contains(one); });
    bool is_older = newest != versions.rend() && version < *newest;
    if (newest == versions.rend()) {
        ENVPACK_TRY(const auto below,
                    packaging::SpecifierSet::parse("<=" + version.public_version().to_string()));
        is_older = (asked & VersionRange::of(below)).is_empty();
    }
    const std::string_view kind = is_older ? "an older" : "a newer";
    return fmt::format("{} {}, {}", kind, wanted.name.str(), version.to_string());
}

}  // namespace

Result<std::optional<resolver::Resolution>> attempt(PackageProvider changed,
                                                    std::span<const UserRequirement> requirements,
                                                    const RunContext& run) {
    // What cannot be built or reached does not change why the request failed.
    return solve_if_possible(changed, requirements, run);
}

void drop_constraints(ProviderOptions& options, const std::set<PackageName>& names) {
    std::erase_if(options.constraints, [&](const UserRequirement& constraint) {
        return names.contains(constraint.requirement.name);
    });
    std::erase_if(options.direct, [&](const auto& place) {
        return place.second.is_constraint && names.contains(place.first);
    });
}

Result<std::optional<WayOut>> other_version(PackageProvider& provider,
                                            std::span<const UserRequirement> requirements,
                                            const packaging::Requirement& wanted,
                                            const ExplainOptions& options, const RunContext& run) {
    ENVPACK_TRY(const auto open, attempt(provider.with_options(provider.options()),
                                         with_specifiers(requirements, wanted.name, {}), run));
    if (!open) {
        return std::optional<WayOut>();
    }
    const Version version = open->versions.at({wanted.name});
    // As the person would write it: proved again with the pin.
    packaging::Requirement pinned = wanted;
    pinned.specifiers = packaging::SpecifierSet::pin(version);
    pinned.marker.reset();
    ENVPACK_TRY(const auto proved,
                attempt(provider.with_options(provider.options()),
                        with_specifiers(requirements, wanted.name, pinned.specifiers), run));
    if (!proved) {
        return std::optional<WayOut>();
    }
    ENVPACK_TRY(std::string description, describe_other(provider, wanted, version));
    return WayOut{"other-version", std::move(description),
                  fmt::format("{} … \"{}\"", options.command, pinned.to_string())};
}

Result<std::optional<WayOut>> without_constraint(PackageProvider& provider,
                                                 std::span<const UserRequirement> requirements,
                                                 const PackageName& name, const RunContext& run) {
    ProviderOptions changed = provider.options();
    std::vector<std::string> given_up;
    for (const UserRequirement& constraint : changed.constraints) {
        if (constraint.requirement.name == name) {
            given_up.push_back(
                fmt::format("`{}`{}", constraint.to_string(),
                            constraint.origin.empty() ? "" : " (" + constraint.origin + ")"));
        }
    }
    drop_constraints(changed, {name});
    if (given_up.empty()) {
        return std::optional<WayOut>();
    }
    ENVPACK_TRY(const auto resolution, attempt(provider.with_options(changed), requirements, run));
    if (!resolution) {
        return std::optional<WayOut>();
    }
    const bool is_one = given_up.size() == 1;
    return WayOut{
        "constraint",
        fmt::format("give up the constraint{} {}", is_one ? "" : "s", names_text(given_up)),
        fmt::format("take {} out of the constraints", is_one ? "it" : "them")};
}

Result<std::optional<WayOut>> with_prereleases(PackageProvider& provider,
                                               std::span<const UserRequirement> requirements,
                                               const ExplainOptions& options,
                                               const RunContext& run) {
    ProviderOptions changed = provider.options();
    changed.prereleases = true;
    ENVPACK_TRY(const auto resolution, attempt(provider.with_options(changed), requirements, run));
    if (!resolution) {
        return std::optional<WayOut>();
    }
    return WayOut{"prereleases", "allow pre-releases", fmt::format("{} … --pre", options.command)};
}

Result<std::optional<WayOut>> pin_yanked(PackageProvider& provider,
                                         std::span<const UserRequirement> requirements,
                                         const PackageName& name, const VersionRange& range,
                                         const ExplainOptions& options, const RunContext& run) {
    ENVPACK_TRY(const auto versions, provider.versions(name));
    const auto newest = std::find_if(versions.rbegin(), versions.rend(),
                                     [&](const Version& one) { return range.contains(one); });
    if (newest == versions.rend()) {
        return std::optional<WayOut>();
    }
    std::vector<UserRequirement> changed(requirements.begin(), requirements.end());
    changed.push_back({.requirement = {.name = name}});
    changed.back().requirement.specifiers = packaging::SpecifierSet::pin(*newest);
    ENVPACK_TRY(const auto resolution,
                attempt(provider.with_options(provider.options()), changed, run));
    if (!resolution) {
        return std::optional<WayOut>();
    }
    return WayOut{
        "yanked", fmt::format("the withdrawn {} {} all the same", name.str(), newest->to_string()),
        fmt::format("{} … \"{}\"", options.command, changed.back().requirement.to_string())};
}

}  // namespace envpack::env::way_out
