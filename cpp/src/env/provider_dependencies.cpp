#include "envpack/base/parallel.hpp"
#include "envpack/base/text.hpp"
#include "provider_state.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

// What a version demands: METADATA for files of an index, the inventory for packages of the base.

namespace envpack::env {

using packaging::PackageName;
using packaging::Requirement;
using packaging::Version;
using packaging::VersionRange;
using resolver::Dependency;
using resolver::Package;
using resolver::Unavailable;

std::optional<std::string> PackageProvider::State::refusal(const Requirement& requirement) const {
    const auto without_fragment = [](const std::string& url) {
        return url.substr(0, url.find('#'));
    };
    const auto found = options.direct.find(requirement.name);
    if (requirement.url.empty() ||
        (found != options.direct.end() &&
         without_fragment(found->second.url) == without_fragment(requirement.url))) {
        return std::nullopt;
    }
    return fmt::format(
        "needs `{} @ {}`, which counts only when the request or a constraint names "
        "it too",
        requirement.name.str(), text::printable(text::redact_url(requirement.url)));
}

Requirement PackageProvider::State::without_demand(Requirement requirement) {
    requirement.specifiers = {};
    requirement.url.clear();
    return requirement;
}

void PackageProvider::State::append(const Requirement& requirement, std::string reason,
                                    std::vector<Dependency>& to) {
    const VersionRange range = VersionRange::of(requirement.specifiers);
    const std::uint32_t note = note_of(requirement.specifiers);
    for (const PackageName& extra : requirement.extras) {
        to.push_back({{requirement.name, extra}, range, reason, note});
    }
    to.push_back({{requirement.name}, range, std::move(reason), note});
}

Result<ProviderWorld::MetadataPtr> PackageProvider::State::metadata(const PackageName& name,
                                                                    const Version& version) {
    ENVPACK_TRY(ProjectCandidates * known, candidates(name));
    const Candidate* chosen = known->find(version);
    if (chosen == nullptr || !chosen->is_usable()) {
        return fail(ErrorCode::internal,
                    fmt::format("{} {} is no candidate", name.str(), version.to_string()));
    }
    if (world->has_metadata(*chosen->file)) {
        return world->metadata(*chosen->file, run);
    }
    // A project that is asked for again is being searched backwards: fetch ahead, more each time.
    constexpr unsigned max_ahead = 8;
    const unsigned asked_before = expansions[name]++;
    const unsigned ahead = asked_before == 0 ? 0 : std::min(max_ahead, 1U << asked_before) - 1;
    std::vector<const index::DistFile*> files = {chosen->file};
    const auto versions = known->versions();
    auto position = static_cast<std::size_t>(
        std::lower_bound(versions.begin(), versions.end(), version) - versions.begin());
    while (run.max_parallel > 1 && files.size() <= ahead && position-- > 0) {
        const Candidate& older = known->candidate(position);
        if (older.is_usable() && !older.is_sdist && !older.is_yanked() &&
            !world->has_metadata(*older.file)) {
            files.push_back(older.file);
        }
    }
    ENVPACK_CHECK(parallel_for(
        files.size(),
        [&](std::size_t i) -> Result<void> {
            auto fetched = world->metadata(*files[i], run);
            return i == 0 && !fetched ? fail(std::move(fetched).error()) : Result<void>();
        },
        run));
    return world->metadata(*chosen->file, run);
}

bool PackageProvider::State::adds_for_base(const PackageName& name) const {
    return options.base_dependencies == BaseDependencies::add && !is_torch_stack(name);
}

PackageProvider::State::Answer PackageProvider::State::provided_dependencies(
    const Provided& base, const Package& package) {
    std::vector<Dependency> result;
    const bool is_frozen = frozen(base.name) != nullptr;
    for (const Requirement& wanted : base.requires_dist) {
        if (package.extra) {
            if (holds(wanted, nullptr) || !holds(wanted, &*package.extra)) {
                continue;
            }
            if (const auto reason = refusal(wanted)) {
                return Unavailable{*reason};
            }
            append(wanted, {}, result);
            continue;
        }
        if (!holds(wanted, nullptr)) {
            continue;
        }
        if (const Provided* other = find(wanted.name)) {
            // Facts between packages that stay; two that may both go have to fit each other,
            // unless they never did.
            const Version* kept = preferred(wanted.name);
            if (is_frozen || frozen(other->name) != nullptr ||
                (kept != nullptr && !wanted.specifiers.contains(*kept, true))) {
                continue;
            }
        } else if (!adds_for_base(wanted.name)) {
            continue;
        }
        if (wanted.url.empty()) {
            append(wanted, {}, result);
        }
    }
    return result;
}

Result<PackageProvider::State::Answer> PackageProvider::State::index_dependencies(
    const Package& package, const Version& version) {
    ENVPACK_TRY(const auto answer, metadata(package.name, version));
    if (!answer->value) {
        return Unavailable{answer->refusal};
    }
    const packaging::CoreMetadata& metadata = *answer->value;
    if (metadata.name != package.name || metadata.version != version) {
        return Unavailable{fmt::format("its metadata says {} {}", metadata.name.str(),
                                       metadata.version.to_string())};
    }
    if (!metadata.invalid_requires_dist.empty()) {
        return Unavailable{
            fmt::format("its metadata has the invalid requirement `{}`",
                        text::printable(metadata.invalid_requires_dist.front(), 80))};
    }
    if (metadata.requires_python &&
        !metadata.requires_python->contains(options.python_version, true)) {
        return Unavailable{fmt::format("{}{}, the target has {}", needs_python,
                                       metadata.requires_python->to_string(),
                                       options.python_version.to_string())};
    }
    std::vector<Dependency> result;
    for (const Requirement& wanted : metadata.requires_dist) {
        const bool is_own = holds(wanted, nullptr);
        if (package.extra ? is_own || !holds(wanted, &*package.extra) : !is_own) {
            continue;
        }
        if (is_relaxed(package.name, wanted.name)) {
            append(without_demand(wanted), {}, result);
            continue;
        }
        if (const auto reason = refusal(wanted)) {
            return Unavailable{*reason};
        }
        append(wanted, {}, result);
    }
    return result;
}

Result<std::variant<std::vector<Dependency>, Unavailable>> PackageProvider::dependencies(
    const Package& package, const Version& version) {
    if (state_->options.no_dependencies) {
        return std::vector<Dependency>{};
    }
    const Provided* base = state_->find(package.name);
    if (base != nullptr && base->version && *base->version == version) {
        return state_->provided_dependencies(*base, package);
    }
    return state_->index_dependencies(package, version);
}

}  // namespace envpack::env
