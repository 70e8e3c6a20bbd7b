#include "explain_ways_out.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace envpack::env {

using packaging::PackageName;
using packaging::Version;
using packaging::VersionRange;

namespace {

constexpr std::size_t max_ways_out = 4;
constexpr std::size_t max_attempts = 8;  // of each kind: every one is a solve
constexpr std::size_t max_names = 5;

/// The resolution of the changed request; nullopt when that is a conflict, too, or refused.
Result<std::optional<resolver::Resolution>> attempt(const PackageProvider& provider,
                                                    ProviderOptions options,
                                                    std::span<const UserRequirement> requirements,
                                                    const RunContext& run) {
    PackageProvider changed = provider.with_options(std::move(options));
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

std::string names_text(const std::vector<std::string>& names) {
    std::vector<std::string> shown(
        names.begin(),
        names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), max_names)));
    std::string text = text::join(shown, ", ");
    if (names.size() > max_names) {
        text += fmt::format(" and {} more", names.size() - max_names);
    }
    return text;
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

Result<std::optional<WayOut>> other_version(PackageProvider& provider,
                                            std::span<const UserRequirement> requirements,
                                            const packaging::Requirement& wanted,
                                            const ExplainOptions& options, const RunContext& run) {
    ENVPACK_TRY(const auto open, attempt(provider, provider.options(),
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
                attempt(provider, provider.options(),
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
    ENVPACK_TRY(const auto resolution, attempt(provider, changed, requirements, run));
    if (!resolution) {
        return std::optional<WayOut>();
    }
    return WayOut{"constraint", fmt::format("give up the constraint {}", names_text(given_up)),
                  "take it out of the constraints"};
}

Result<std::optional<WayOut>> unfreeze(PackageProvider& provider,
                                       std::span<const UserRequirement> requirements,
                                       const PackageName& name, const ExplainOptions& options,
                                       const RunContext& run) {
    ProviderOptions changed = provider.options();
    changed.unfrozen.insert(name);
    ENVPACK_TRY(const auto resolution, attempt(provider, changed, requirements, run));
    const Provided& base = *provider.find_provided(name);
    if (!resolution || !base.version) {
        return std::optional<WayOut>();
    }
    const auto chosen = resolution->versions.find({name});
    if (chosen == resolution->versions.end() || chosen->second == *base.version) {
        return std::optional<WayOut>();
    }
    std::vector<std::string> broken;
    std::vector<std::string> built_against;
    for (const Provided& other : provider.provided()) {
        if (other.name == name || resolution->versions.contains({other.name})) {
            continue;
        }
        for (const packaging::Requirement& needed : other.requires_dist) {
            if (needed.name != name || (needed.marker && !needed.marker->evaluate_with_extra(
                                                             changed.environment, nullptr))) {
                continue;
            }
            if (needed.specifiers.contains(*base.version, true) &&
                !needed.specifiers.contains(chosen->second, true)) {
                broken.push_back(other.name.to_string());
            } else if (is_torch_stack(other.name) && is_torch_stack(name)) {
                built_against.push_back(other.name.to_string());
            }
            break;
        }
    }
    std::string description =
        fmt::format("replace the {} of the base by {}", name.str(), chosen->second.to_string());
    if (!broken.empty()) {
        description += fmt::format("; breaks {}", names_text(broken));
    }
    if (!built_against.empty()) {
        description +=
            fmt::format("; built against the present one: {}", names_text(built_against));
    }
    return WayOut{"unfreeze", std::move(description),
                  fmt::format("{} … --unfreeze {}", options.command, name.str())};
}

}  // namespace

Result<std::vector<WayOut>> ways_out(const Involved& involved, PackageProvider& provider,
                                     std::span<const UserRequirement> requirements,
                                     const ExplainOptions& options, const RunContext& run) {
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
        ProviderOptions changed = provider.options();
        changed.prereleases = true;
        ENVPACK_TRY(const auto resolution, attempt(provider, changed, requirements, run));
        if (resolution) {
            keep(WayOut{"prereleases", "allow pre-releases",
                        fmt::format("{} … --pre", options.command)});
        }
    }
    std::size_t attempts = 0;
    for (const PackageName& name : involved.frozen) {
        const Provided* base = provider.find_provided(name);
        if (base == nullptr || base->unremovable || attempts++ == max_attempts) {
            continue;
        }
        ENVPACK_TRY(auto way, unfreeze(provider, requirements, name, options, run));
        keep(std::move(way));
    }
    return found;
}

}  // namespace envpack::env
