#include "envpack/env/provider_absence.hpp"

#include "envpack/base/text.hpp"
#include "provider_state.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include <fmt/format.h>

namespace envpack::env {

using packaging::PackageName;
using packaging::Version;
using packaging::VersionRange;

std::string_view to_string(AbsenceKind kind) noexcept {
    static constexpr std::string_view names[] = {"base-pinned",
                                                 "base-is-prerelease",
                                                 "legacy-version",
                                                 "constraint-forces",
                                                 "no-such-project",
                                                 "version-not-on-index",
                                                 "requires-python",
                                                 "no-wheel-for-python",
                                                 "no-wheel-for-platform",
                                                 "source-only",
                                                 "other-hash",
                                                 "too-new",
                                                 "yanked",
                                                 "prerelease-only"};
    return names[static_cast<std::size_t>(kind)];
}

std::string fold_versions(std::span<const Version> versions, const VersionRange& range) {
    constexpr std::size_t max_pieces = 5;
    std::vector<std::string> pieces;
    std::size_t left_out = 0;
    for (std::size_t begin = 0; begin < versions.size(); ++begin) {
        if (!range.contains(versions[begin])) {
            continue;
        }
        std::size_t end = begin + 1;
        while (end < versions.size() && range.contains(versions[end])) {
            ++end;
        }
        if (pieces.size() == max_pieces) {
            left_out += end - begin;
        } else if (end - begin > 2) {
            pieces.push_back(
                fmt::format("{} … {}", versions[begin].to_string(), versions[end - 1].to_string()));
        } else {
            pieces.push_back(versions[begin].to_string());
            end = begin + 1;
        }
        begin = end - 1;
    }
    std::string text = text::join(pieces, ", ");
    if (left_out > 0) {
        text += fmt::format(" and {} more", left_out);
    }
    return text;
}

std::optional<Absence> PackageProvider::State::why_not_frozen(const PackageName& name,
                                                              const VersionRange& range) const {
    const Provided* base = frozen(name);
    if (base == nullptr) {
        return std::nullopt;
    }
    const std::string place = base->origin.empty() ? "" : fmt::format(" ({})", base->origin);
    if (!base->version) {
        return Absence{AbsenceKind::legacy_version,
                       fmt::format("the base has {} {}{}, which is no PEP 440 version and fits "
                                   "no requirement",
                                   name.str(), text::printable(base->raw_version, 80), place)};
    }
    if (range.contains(*base->version)) {
        return std::nullopt;
    }
    const bool is_near =
        base->version->is_prerelease() && range.contains(base->version->base_version());
    return Absence{is_near ? AbsenceKind::base_is_prerelease : AbsenceKind::base_pinned,
                   fmt::format("the base has {} {}{}", name.str(), base->shown_version(), place)};
}

Absence PackageProvider::State::why_place_is_none(const PackageName& name, const DirectPlace& place,
                                                  ProjectCandidates& candidates,
                                                  const VersionRange& range) const {
    const std::string where = fmt::format("{}{}", text::printable(text::redact_url(place.url)),
                                          place.origin.empty() ? "" : " (" + place.origin + ")");
    const auto versions = candidates.versions();
    if (versions.empty()) {
        return {AbsenceKind::version_not_on_index,
                fmt::format("{} is no version of {}", where, name.str())};
    }
    const std::string version = versions.front().to_string();
    if (const Candidate& only = candidates.candidate(0);
        !only.is_usable() && range.contains(versions.front())) {
        return {only.kind,
                fmt::format("{} {} {}; it comes from {}", name.str(), version, only.detail, where)};
    }
    return {
        place.is_constraint ? AbsenceKind::constraint_forces : AbsenceKind::version_not_on_index,
        place.is_constraint
            ? fmt::format("a constraint allows only {} {}, from {}", name.str(), version, where)
            : fmt::format("{} {} is asked for, from {}", name.str(), version, where)};
}

Absence PackageProvider::State::why_none(const PackageName& name, ProjectCandidates& candidates,
                                         const VersionRange& range) {
    if (const DirectPlace* place = direct(name); place != nullptr && candidates.is_known()) {
        return why_place_is_none(name, *place, candidates, range);
    }
    if (!candidates.is_known()) {
        return {AbsenceKind::no_such_project,
                fmt::format("no index has a project `{}`", name.str())};
    }
    const std::string index = candidates.project()->index_url.empty()
                                  ? "the index"
                                  : text::redact_url(candidates.project()->index_url);
    const auto versions = candidates.versions();
    if (versions.empty()) {
        return {AbsenceKind::version_not_on_index,
                fmt::format("{} has no files of {}", index, name.str())};
    }
    VersionRange allowed = range;
    for (const Limit& limit : limits_of(name)) {
        allowed = allowed & limit.range;
    }

    // Versions in range by what is wrong with each.
    std::map<std::pair<AbsenceKind, std::string>, VersionRange> groups;
    bool is_inhabited = false;
    for (std::size_t i = 0; i < versions.size(); ++i) {
        if (!range.contains(versions[i])) {
            continue;
        }
        is_inhabited = true;
        if (!allowed.contains(versions[i])) {
            continue;
        }
        const Candidate& candidate = candidates.candidate(i);
        std::pair<AbsenceKind, std::string> key = {candidate.kind, candidate.detail};
        if (candidate.is_yanked()) {
            const std::string& reason = *candidate.file->yanked;
            key = {AbsenceKind::yanked,
                   reason.empty() ? "is yanked"
                                  : fmt::format("is yanked: {}", text::printable(reason))};
        } else if (candidate.is_usable()) {
            key = {AbsenceKind::prerelease_only, "is a pre-release, and no requirement names one"};
        }
        const auto one = VersionRange::of(versions[i]);
        const auto [entry, is_new] = groups.try_emplace(std::move(key), one);
        if (!is_new) {
            entry->second = entry->second | one;
        }
    }
    if (!is_inhabited) {
        return {AbsenceKind::version_not_on_index,
                fmt::format("{} has {} {}", index, name.str(),
                            fold_versions(versions, VersionRange::full()))};
    }
    if (groups.empty()) {
        for (const Limit& limit : limits_of(name)) {
            if (!range.is_subset_of(limit.range)) {
                return {AbsenceKind::constraint_forces, limit.reason};
            }
        }
    }
    // What concerns the newest versions comes first: that is what people expect to get.
    std::vector<std::pair<const Version*, std::string>> sentences;
    AbsenceKind kind = AbsenceKind::version_not_on_index;
    for (const auto& [key, members] : groups) {
        const auto newest = std::find_if(versions.rbegin(), versions.rend(),
                                         [&](const auto& v) { return members.contains(v); });
        if (std::all_of(sentences.begin(), sentences.end(),
                        [&](const auto& other) { return *other.first < *newest; })) {
            kind = key.first;
        }
        sentences.emplace_back(&*newest, fmt::format("{} {} {}", name.str(),
                                                     fold_versions(versions, members), key.second));
    }
    std::sort(sentences.begin(), sentences.end(),
              [](const auto& a, const auto& b) { return *a.first > *b.first; });
    constexpr std::size_t max_sentences = 3;
    std::string text;
    for (std::size_t i = 0; i < std::min(sentences.size(), max_sentences); ++i) {
        text += (i > 0 ? "; " : "") + sentences[i].second;
    }
    return {kind, std::move(text)};
}

Result<Absence> PackageProvider::absence(const PackageName& name, const VersionRange& range,
                                         std::span<const resolver::Demand> demands) {
    if (auto reason = state_->why_not_frozen(name, range)) {
        return *std::move(reason);
    }
    ENVPACK_TRY(ProjectCandidates * candidates, state_->candidates(name));
    State::Pick picked = state_->pick(name, *candidates, range, demands);
    return picked.position ? state_->why_none(name, *candidates, range) : std::move(picked.absence);
}

}  // namespace envpack::env
