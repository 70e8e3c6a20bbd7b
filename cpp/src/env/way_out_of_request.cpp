#include "envpack/base/text.hpp"
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

/// "an older x, 1.4": relative to the newest version that was asked for.
Result<std::string> describe_other(PackageProvider& provider, const packaging::Requirement& wanted,
                                   const Version& version) {
    if (provider.is_frozen(wanted.name)) {
        return fmt::format("keep the {} of the base, {}", wanted.name.str(), version.to_string());
    }
    ENVPACK_TRY(const auto versions, provider.versions(wanted.name));
    const VersionRange asked = VersionRange::of(wanted.specifiers);
    const auto newest = std::find_if(versions.rbegin(), versions.rend(),
                                     [&](const Version& one) { return asked.contains(one); });
    const std::string_view kind = newest == versions.rend() ? "another"
                                  : version < *newest       ? "an older"
                                                            : "a newer";
    return fmt::format("{} {}, {}", kind, wanted.name.str(), version.to_string());
}

}  // namespace

Result<std::optional<resolver::Resolution>> attempt(PackageProvider changed,
                                                    std::span<const UserRequirement> requirements,
                                                    const RunContext& run) {
    const auto roots = changed.roots(requirements);
    if (!roots) {
        return std::optional<resolver::Resolution>();
    }
    ENVPACK_TRY(auto outcome, resolver::solve(changed, *roots, run));
    if (auto* resolution = std::get_if<resolver::Resolution>(&outcome)) {
        return std::move(*resolution);
    }
    return std::optional<resolver::Resolution>();
}

std::string names_text(const std::vector<std::string>& names) {
    constexpr std::size_t max_shown = 5;
    std::vector<std::string> shown(
        names.begin(),
        names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), max_shown)));
    std::string text = text::join(shown, ", ");
    if (names.size() > max_shown) {
        text += fmt::format(" and {} more", names.size() - max_shown);
    }
    return text;
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
    std::erase_if(changed.constraints, [&](const UserRequirement& constraint) {
        if (constraint.requirement.name != name) {
            return false;
        }
        packaging::Requirement shown = constraint.requirement;
        shown.marker.reset();
        given_up.push_back(constraint.origin.empty()
                               ? fmt::format("`{}`", shown.to_string())
                               : fmt::format("`{}` ({})", shown.to_string(), constraint.origin));
        return true;
    });
    if (given_up.empty()) {
        return std::optional<WayOut>();
    }
    ENVPACK_TRY(const auto resolution, attempt(provider.with_options(changed), requirements, run));
    if (!resolution) {
        return std::optional<WayOut>();
    }
    return WayOut{"constraint", fmt::format("give up the constraint {}", names_text(given_up)),
                  "take it out of the constraints"};
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

}  // namespace envpack::env::way_out
