#include "explain_ways_out.hpp"

#include "envpack/base/text.hpp"
#include "envpack/cuda/ngc_images.hpp"

#include <algorithm>
#include <cstdint>
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
constexpr std::size_t max_set = 6;

/// How far apart two releases are: the first number that differs counts most.
std::uint64_t distance(const Version& a, const Version& b) {
    const auto of = [](const Version& version) {
        return version.release_at(0) * 1000 + std::min<std::uint64_t>(version.release_at(1), 999);
    };
    return of(a) > of(b) ? of(a) - of(b) : of(b) - of(a);
}

/// The resolution of the changed request; nullopt when that is a conflict, too, or refused.
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

Result<std::optional<WayOut>> unfreeze(PackageProvider& provider,
                                       std::span<const UserRequirement> requirements,
                                       const PackageName& name, const ExplainOptions& options,
                                       const RunContext& run) {
    ProviderOptions changed = provider.options();
    changed.unfrozen.insert(name);
    ENVPACK_TRY(const auto resolution, attempt(provider.with_options(changed), requirements, run));
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

/// The base's version kept although `requester` asks for another one.
Result<std::optional<WayOut>> relax(PackageProvider& provider,
                                    std::span<const UserRequirement> requirements,
                                    const Involved::Demand& demand, const ExplainOptions& options,
                                    const RunContext& run) {
    const Provided* base = provider.find_provided(demand.dependency);
    if (base == nullptr || !base->version || provider.find_provided(demand.package) != nullptr) {
        return std::optional<WayOut>();
    }
    ProviderOptions changed = provider.options();
    changed.relaxed.push_back({.package = demand.package, .dependency = demand.dependency});
    ENVPACK_TRY(const auto resolution,
                attempt(provider.with_options(std::move(changed)), requirements, run));
    if (!resolution) {
        return std::optional<WayOut>();
    }
    return WayOut{
        "relax",
        fmt::format("keep {} {} against what {} {} asks for; whether it works is yours "
                    "to test",
                    demand.dependency.str(), base->version->to_string(), demand.package.str(),
                    resolution->versions.at({demand.package}).to_string()),
        fmt::format("{} … --relax {}:{}", options.command, demand.package.str(),
                    demand.dependency.str())};
}

/// The release of NVIDIA's image whose torch fits, nearest to the present one. Only the torch of
/// the other releases is known, so the rest of the base's torch stack is left out of the proof.
Result<std::optional<WayOut>> other_base(PackageProvider& provider,
                                         std::span<const UserRequirement> requirements,
                                         const RunContext& run) {
    ENVPACK_TRY(const PackageName torch, PackageName::parse("torch"));
    const Provided* present = provider.find_provided(torch);
    if (present == nullptr || !present->version ||
        present->version->local().find("nv") == std::string_view::npos) {
        return std::optional<WayOut>();
    }
    ENVPACK_TRY(std::vector<cuda::NgcPytorchImage> images, cuda::ngc_pytorch_images());
    const std::string python = fmt::format("{}.{}", provider.options().python_version.major(),
                                           provider.options().python_version.release_at(1));
    std::erase_if(images, [&](const auto& image) { return image.python != python; });
    const Version release = present->version->base_version();
    std::stable_sort(images.begin(), images.end(), [&](const auto& a, const auto& b) {
        return distance(a.torch.base_version(), release) <
               distance(b.torch.base_version(), release);
    });
    std::optional<Version> refused;
    std::size_t attempts = 0;
    for (const cuda::NgcPytorchImage& image : images) {
        // Releases of one torch differ in nothing that a solve sees.
        const Version version = image.torch.public_version();
        if (version == present->version->public_version() || refused == version) {
            continue;
        }
        if (attempts++ == max_attempts) {
            break;
        }
        std::vector<Provided> base(provider.provided().begin(), provider.provided().end());
        std::erase_if(base, [&](const Provided& one) {
            return one.name != torch && is_torch_stack(one.name);
        });
        for (Provided& one : base) {
            if (one.name == torch) {
                one.version = image.torch;
                one.requires_dist.clear();
            }
        }
        ENVPACK_TRY(const auto resolution,
                    attempt(provider.with_base(std::move(base)), requirements, run));
        if (resolution) {
            return WayOut{"base-image",
                          fmt::format("a base image with torch {}, which fits; its other packages "
                                      "are not known here",
                                      image.torch.to_string()),
                          "FROM " + image.image};
        }
        refused = version;
    }
    return std::optional<WayOut>();
}

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

/// A set of base packages and constraints that has to go together: what each conflict leans on
/// joins it until the request is solved, then whatever turns out not to be needed leaves it. No
/// smaller part of the set is enough.
Result<std::optional<WayOut>> pins_together(PackageProvider& provider,
                                            std::span<const UserRequirement> requirements,
                                            const ExplainOptions& options, const RunContext& run) {
    std::set<PackageName> given_up;
    const auto solve_without =
        [&](const std::set<PackageName>& names) -> Result<resolver::Outcome> {
        ProviderOptions changed = provider.options();
        changed.unfrozen.insert(names.begin(), names.end());
        std::erase_if(changed.constraints, [&](const UserRequirement& constraint) {
            return names.contains(constraint.requirement.name);
        });
        PackageProvider without = provider.with_options(std::move(changed));
        ENVPACK_TRY(const auto roots, without.roots(requirements));
        return resolver::solve(without, roots, run);
    };
    while (true) {
        ENVPACK_TRY(const resolver::Outcome outcome, solve_without(given_up));
        const auto* conflict = std::get_if<resolver::Conflict>(&outcome);
        if (conflict == nullptr) {
            break;
        }
        const std::size_t before = given_up.size();
        given_up.merge(pins_of(*conflict, provider));
        if (given_up.size() == before || given_up.size() > max_set) {
            return std::optional<WayOut>();
        }
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
        ENVPACK_TRY(const auto resolution,
                    attempt(provider.with_options(changed), requirements, run));
        if (resolution) {
            keep(WayOut{"prereleases", "allow pre-releases",
                        fmt::format("{} … --pre", options.command)});
        }
    }
    if (!involved.frozen.empty()) {
        ENVPACK_TRY(auto way, other_base(provider, requirements, run));
        keep(std::move(way));
    }
    for (std::size_t i = 0; i < std::min(involved.demands.size(), max_attempts); ++i) {
        ENVPACK_TRY(auto way, relax(provider, requirements, involved.demands[i], options, run));
        if (way) {
            keep(std::move(way));
            break;
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
    if (found.empty()) {
        ENVPACK_TRY(auto way, pins_together(provider, requirements, options, run));
        keep(std::move(way));
    }
    return found;
}

}  // namespace envpack::env
