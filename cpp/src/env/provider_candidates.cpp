#include "provider_candidates.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/sdist_filename.hpp"
#include "envpack/packaging/wheel_filename.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

namespace envpack::env {

using packaging::SdistFilename;
using packaging::Version;
using packaging::WheelFilename;

CandidateRules::CandidateRules(const ProviderOptions& options)
    : tags(options.tags),
      python_version(options.python_version),
      formats(options.formats),
      allow_sdists(options.allow_sdists),
      hashes(options.hashes) {
    if (!options.tags.empty()) {
        best_tag = options.tags.front();
    }
    for (const packaging::Tag& tag : options.tags) {
        pythons.emplace(tag.interpreter, tag.abi);
    }
    for (const auto& [name, place] : options.direct) {
        direct.insert(name);
    }
    if (options.exclude_newer) {
        exclude_newer = format_rfc3339(*options.exclude_newer);
    }
}

namespace {

bool is_wheel(std::string_view filename) {
    return filename.ends_with(".whl");
}

/// "py3-none-any" of the name of a wheel: the last three parts.
std::string_view tag_set_of(std::string_view filename) {
    std::string_view stem = filename.substr(0, filename.size() - std::string_view(".whl").size());
    std::size_t begin = stem.size();
    for (int part = 0; part < 3 && begin != std::string_view::npos && begin > 0; ++part) {
        begin = stem.rfind('-', begin - 1);
    }
    return begin == std::string_view::npos ? std::string_view() : stem.substr(begin + 1);
}

/// Seconds are enough: "2024-05-01T10:00:00.123Z" is compared up to its first fraction.
bool is_newer(const index::DistFile& file, const std::string& limit) {
    constexpr std::size_t seconds = 19;
    if (limit.empty()) {
        return false;
    }
    return !file.upload_time || file.upload_time->size() < seconds ||
           std::string_view(*file.upload_time).substr(0, seconds) >
               std::string_view(limit).substr(0, seconds);
}

/// How far a file is from being usable; the closest one says why a version is not.
enum class Distance : std::uint8_t { other_hash, too_new, requires_python, tags, source, broken };

/// "has no wheel for this platform, manylinux_2_36_x86_64, only for win_amd64".
std::string no_wheel_for(std::string_view what, std::string_view own,
                         const std::set<std::string>& others) {
    constexpr std::size_t max_shown = 3;
    std::vector<std::string> shown;
    for (const std::string& other : others) {
        if (shown.size() < max_shown) {
            shown.push_back(text::printable(other, 40));
        }
    }
    return fmt::format(
        "has no wheel for this {}, {}, only for {}{}", what, own, text::join(shown, ", "),
        others.size() > max_shown ? fmt::format(" and {} more", others.size() - max_shown) : "");
}

Candidate unusable(AbsenceKind kind, std::string detail) {
    return {.kind = kind, .detail = std::move(detail)};
}

}  // namespace

ProjectCandidates::ProjectCandidates(const packaging::PackageName& name,
                                     std::shared_ptr<const index::Project> project,
                                     const CandidateRules& rules)
    : name_(name), project_(std::move(project)), rules_(&rules) {
    if (!project_) {
        return;
    }
    releases_ = &project_->files.releases();
    judged_.resize(releases_->versions().size());
}

const Candidate& ProjectCandidates::candidate(std::size_t version) {
    if (!judged_[version]) {
        judged_[version] = judge(releases_->files(version));
    }
    return *judged_[version];
}

const Candidate* ProjectCandidates::find(const Version& version) {
    const auto all = versions();
    const auto found = std::lower_bound(all.begin(), all.end(), version);
    return found != all.end() && *found == version
               ? &candidate(static_cast<std::size_t>(found - all.begin()))
               : nullptr;
}

Candidate ProjectCandidates::judge(std::span<const std::uint32_t> files) const {
    // pip's order: not withdrawn, wheels by tag, build tag.
    using Key = std::tuple<bool, bool, std::int64_t, std::optional<packaging::BuildTag>>;
    std::optional<Key> best_key;
    Candidate best;
    Distance closest = Distance::broken;
    const index::DistFile* closest_file = nullptr;

    const auto expected = rules_->hashes.find(name_);
    const bool is_direct = rules_->direct.contains(name_);
    bool has_unfitting = false;
    for (const std::uint32_t position : files) {
        const std::string_view filename = project_->files.filename(position);
        const auto rank = is_wheel(filename) ? rules_->tags.rank(tag_set_of(filename))
                                             : std::optional<std::size_t>();
        if (is_wheel(filename) && !rank) {
            has_unfitting = true;
            continue;
        }
        const index::DistFile& file = project_->files[position];
        const auto refuse = [&](Distance distance) {
            if (distance < closest) {
                closest = distance;
                closest_file = &file;
            }
        };
        Key key{!file.yanked.has_value(), false, 0, std::nullopt};
        if (is_wheel(file.filename)) {
            const auto wheel = WheelFilename::parse(file.filename);
            if (!wheel || wheel->name != name_.str()) {
                continue;
            }
            if (!is_direct && !rules_->formats.allows_wheel(name_)) {
                refuse(Distance::source);
                continue;
            }
            std::get<1>(key) = true;
            std::get<2>(key) = -static_cast<std::int64_t>(*rank);
            std::get<3>(key) = wheel->build;
        } else {
            const auto sdist = SdistFilename::parse(file.filename);
            if (!sdist || sdist->name != name_.str()) {
                continue;
            }
            if (!rules_->allow_sdists || !rules_->formats.allows_sdist(name_)) {
                refuse(Distance::source);
                continue;
            }
        }
        if (file.requires_python && !file.requires_python->contains(rules_->python_version, true)) {
            refuse(Distance::requires_python);
            continue;
        }
        if (!is_direct && is_newer(file, rules_->exclude_newer)) {
            refuse(Distance::too_new);
            continue;
        }
        if (!is_direct && expected != rules_->hashes.end() && file.sha256 &&
            !expected->second.contains(*file.sha256)) {
            refuse(Distance::other_hash);
            continue;
        }
        // Equally good ones by name, whatever the order of the page.
        const auto precedes = [](const index::DistFile& a, const index::DistFile& b) {
            return std::tie(a.filename, a.url) < std::tie(b.filename, b.url);
        };
        if (!best_key || *best_key < key || (*best_key == key && precedes(file, *best.file))) {
            best_key = std::move(key);
            best.file = &file;
            best.is_sdist = !is_wheel(file.filename);
        }
    }
    if (best.file != nullptr) {
        return best;
    }
    if (has_unfitting && Distance::tags < closest) {
        if (auto candidate = unfitting(files)) {
            return *std::move(candidate);
        }
    }
    switch (closest) {
        case Distance::other_hash:
            return unusable(AbsenceKind::other_hash,
                            "has no file with one of the hashes that are asked for");
        case Distance::too_new:
            return unusable(AbsenceKind::too_new,
                            fmt::format("was uploaded after {}", rules_->exclude_newer));
        case Distance::requires_python:
            return unusable(AbsenceKind::requires_python,
                            fmt::format("needs Python {}, the target has {}",
                                        closest_file->requires_python->to_string(),
                                        rules_->python_version.to_string()));
        case Distance::source:
            return unusable(AbsenceKind::source_only,
                            is_wheel(closest_file->filename)
                                ? "may only be built from source, as was asked for"
                                : "has only a source distribution");
        case Distance::tags:
        case Distance::broken:
            break;
    }
    return unusable(AbsenceKind::version_not_on_index, "has file names that cannot be read");
}

std::optional<Candidate> ProjectCandidates::unfitting(std::span<const std::uint32_t> files) const {
    std::set<std::string> platforms;
    std::set<std::string> pythons;
    for (const std::uint32_t position : files) {
        const auto wheel = WheelFilename::parse(project_->files.filename(position));
        if (!wheel || wheel->name != name_.str() || rules_->tags.rank(wheel->tags)) {
            continue;
        }
        const bool is_for_python =
            std::any_of(wheel->tags.begin(), wheel->tags.end(), [&](const auto& tag) {
                return rules_->pythons.contains({tag.interpreter, tag.abi});
            });
        for (const packaging::Tag& tag : wheel->tags) {
            if (is_for_python) {
                platforms.insert(tag.platform);
            } else {
                pythons.insert(tag.interpreter);
            }
        }
    }
    if (platforms.empty() && pythons.empty()) {
        return std::nullopt;
    }
    return platforms.empty()
               ? unusable(AbsenceKind::no_wheel_for_python,
                          no_wheel_for("Python", rules_->best_tag.interpreter, pythons))
               : unusable(AbsenceKind::no_wheel_for_platform,
                          no_wheel_for("platform", rules_->best_tag.platform, platforms));
}

}  // namespace envpack::env
