#include "envpack/base/assert.hpp"
#include "provider_state.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

// What follows from a resolution, and the check of it.

namespace envpack::env {

using packaging::PackageName;
using packaging::Requirement;
using packaging::Version;
using resolver::Package;
using resolver::Resolution;

Result<std::vector<Requirement>> PackageProvider::State::requirements_of(
    const Package& package, const Version& version, std::vector<Requirement>* given_up) {
    const Provided* base = find(package.name);
    const bool is_base = base != nullptr && base->version && *base->version == version;
    std::vector<Requirement> all;
    if (is_base) {
        all = base->requires_dist;
    } else {
        ENVPACK_TRY(const auto answer, metadata(package.name, version));
        if (answer->value) {
            all = answer->value->requires_dist;
        }
    }
    std::erase_if(all, [&](const Requirement& requirement) {
        const bool is_own = holds(requirement, nullptr);
        return package.extra ? is_own || !holds(requirement, &*package.extra) : !is_own;
    });
    for (Requirement& requirement : all) {
        if (!is_base && is_relaxed(package.name, requirement.name)) {
            if (given_up != nullptr) {
                given_up->push_back(requirement);
            }
            requirement = without_demand(std::move(requirement));
        }
    }
    return all;
}

Result<Selection> PackageProvider::selection(const Resolution& resolution) {
    Selection selection;
    const auto is_of_base = [&](const PackageName& name, const Version& version) {
        const Provided* base = state_->find(name);
        return base != nullptr && base->version && *base->version == version;
    };
    for (const auto& [package, version] : resolution.versions) {
        // std::map order: a project comes before its extras.
        const bool is_base = is_of_base(package.name, version);
        if (!package.extra) {
            if (is_base) {
                selection.provided.push_back(package.name);
            } else {
                ENVPACK_TRY(ProjectCandidates * known, state_->candidates(package.name));
                const Candidate* chosen = known->find(version);
                ENVPACK_ASSERT(chosen != nullptr && chosen->is_usable());
                Selected selected{package.name, version, *chosen->file};
                selected.is_sdist = chosen->is_sdist;
                selected.index_url = chosen->file->index_url.empty() ? known->project()->index_url
                                                                     : chosen->file->index_url;
                if (chosen->file->requires_python) {
                    selected.requires_python = chosen->file->requires_python->to_string();
                }
                selection.packages.push_back(std::move(selected));
            }
        }
        if (state_->options.no_dependencies) {
            continue;
        }
        std::vector<Requirement> given_up;
        ENVPACK_TRY(const auto requirements, state_->requirements_of(package, version, &given_up));
        for (const Requirement& wanted : given_up) {
            const Provided& base = *state_->find(wanted.name);
            if (!base.version || !wanted.specifiers.contains(*base.version, true)) {
                selection.relaxed.push_back({wanted.name, base.shown_version(),
                                             fmt::format("{} {} requires {}", package.to_string(),
                                                         version.to_string(), wanted.to_string())});
            }
        }
        if (package.extra && requirements.empty()) {
            const Provided* base = state_->find(package.name);
            std::vector<PackageName> extras;
            if (is_base) {
                extras = base->extras;
            } else {
                ENVPACK_TRY(const auto metadata, state_->metadata(package.name, version));
                extras = metadata->value ? metadata->value->provides_extra : extras;
            }
            if (std::find(extras.begin(), extras.end(), *package.extra) == extras.end()) {
                state_->notes.insert(fmt::format("{} {} has no extra `{}`", package.name.str(),
                                                 version.to_string(), package.extra->str()));
            }
        }
        if (is_base) {
            for (const Requirement& wanted : requirements) {
                const Provided* other = state_->find(wanted.name);
                if (other == nullptr && !resolution.versions.contains({wanted.name})) {
                    state_->notes.insert(
                        fmt::format("{} of the base requires `{}`, which the base does not have; "
                                    "it is not added",
                                    package.name.str(), wanted.to_string()));
                }
            }
            continue;
        }
        Selected& selected = selection.packages.back();
        ENVPACK_ASSERT(selected.name == package.name);
        if (package.extra) {
            selected.extras.push_back(*package.extra);
        } else if (selected.requires_python.empty()) {
            ENVPACK_TRY(const auto metadata, state_->metadata(package.name, version));
            if (metadata->value && metadata->value->requires_python) {
                selected.requires_python = metadata->value->requires_python->to_string();
            }
        }
        for (const Requirement& wanted : requirements) {
            const Provided* counts = state_->frozen(wanted.name);
            if (counts != nullptr && counts->installed &&
                !wanted.specifiers.contains(*counts->installed, true)) {
                selection.relaxed.push_back({wanted.name, counts->shown_version(),
                                             fmt::format("{} {} requires {}", package.to_string(),
                                                         version.to_string(), wanted.to_string())});
            }
            const auto target = resolution.versions.find({wanted.name});
            if (target != resolution.versions.end() && wanted.name != package.name) {
                (is_of_base(wanted.name, target->second) ? selected.uses_provided
                                                         : selected.dependencies)
                    .push_back(wanted.name);
            }
        }
    }
    std::sort(selection.relaxed.begin(), selection.relaxed.end());
    for (Selected& selected : selection.packages) {
        for (auto* names : {&selected.dependencies, &selected.uses_provided}) {
            std::sort(names->begin(), names->end());
            names->erase(std::unique(names->begin(), names->end()), names->end());
        }
    }
    return selection;
}

namespace {

tl::unexpected<Error> breach(std::string message, std::string rule) {
    return fail(Error(ErrorCode::internal, std::move(message)).with_rule(std::move(rule)));
}

/// Who wants `requirement`, and whether the resolution gives it.
Result<void> check_requirement(const Requirement& requirement, const std::string& who,
                               const Resolution& resolution) {
    const auto chosen = resolution.versions.find({requirement.name});
    if (chosen == resolution.versions.end()) {
        return breach(
            fmt::format("{} requires `{}`, which was left out", who, requirement.to_string()),
            "resolve.unsatisfied");
    }
    if (!requirement.specifiers.contains(chosen->second, true)) {
        return breach(fmt::format("{} requires `{}`, but {} was chosen", who,
                                  requirement.to_string(), chosen->second.to_string()),
                      "resolve.unsatisfied");
    }
    for (const PackageName& extra : requirement.extras) {
        const auto with_extra = resolution.versions.find({requirement.name, extra});
        if (with_extra == resolution.versions.end() || with_extra->second != chosen->second) {
            return breach(fmt::format("{} requires `{}`, but its extra was left out", who,
                                      requirement.to_string()),
                          "resolve.unsatisfied");
        }
    }
    return {};
}

}  // namespace

Result<void> PackageProvider::verify(const Resolution& resolution,
                                     std::span<const UserRequirement> requirements) {
    for (const auto& [package, version] : resolution.versions) {
        const Provided* base = state_->frozen(package.name);
        if (base != nullptr && (!base->version || *base->version != version)) {
            return breach(fmt::format("the base's {} would become {}", package.name.str(),
                                      version.to_string()),
                          "resolve.base-changed");
        }
    }
    for (const UserRequirement& wanted : requirements) {
        if (state_->holds(wanted.requirement, nullptr)) {
            ENVPACK_CHECK(check_requirement(wanted.requirement,
                                            wanted.origin.empty() ? "the request" : wanted.origin,
                                            resolution));
        }
    }
    for (const auto& [package, version] : resolution.versions) {
        if (package.extra) {
            continue;
        }
        for (const Limit& limit : state_->limits_of(package.name)) {
            if (!limit.specifiers.contains(version, true)) {
                return breach(fmt::format("{} {} was chosen, but {}", package.name.str(),
                                          version.to_string(), limit.reason),
                              "resolve.unsatisfied");
            }
        }
    }
    if (state_->options.no_dependencies) {
        return {};
    }
    for (const auto& [package, version] : resolution.versions) {
        const Provided* base = state_->find(package.name);
        const bool is_base = base != nullptr && base->version && *base->version == version;
        ENVPACK_TRY(const auto needed, state_->requirements_of(package, version));
        for (Requirement requirement : needed) {
            if (is_base && !package.extra) {
                // What a base package requires of the base is a fact, what it lacks a note. The
                // version of a newcomer fits, but its extras come in only where it does, too.
                if (state_->find(requirement.name) != nullptr ||
                    !resolution.versions.contains({requirement.name})) {
                    continue;
                }
                if (!state_->adds_for_base(requirement.name)) {
                    requirement.extras.clear();
                }
            }
            ENVPACK_CHECK(check_requirement(
                requirement, fmt::format("{} {}", package.to_string(), version.to_string()),
                resolution));
        }
    }
    return {};
}

Result<std::optional<Resolution>> solve_if_possible(PackageProvider& provider,
                                                    std::span<const UserRequirement> requirements,
                                                    const RunContext& run) {
    const auto roots = provider.roots(requirements);
    if (!roots) {
        return std::optional<Resolution>();
    }
    auto outcome = resolver::solve(provider, *roots, run);
    if (!outcome && outcome.error().code() == ErrorCode::cancelled) {
        return fail(std::move(outcome).error());
    }
    if (!outcome || !std::holds_alternative<Resolution>(*outcome)) {
        return std::optional<Resolution>();
    }
    return std::get<Resolution>(*std::move(outcome));
}

}  // namespace envpack::env
