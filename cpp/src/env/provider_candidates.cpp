#include "provider_candidates.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/sdist_filename.hpp"
#include "envpack/packaging/wheel_filename.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <tuple>
#include <unordered_map>

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

/// The text of the version in a file name; empty for a kind of file that pip does not take.
std::string_view version_text(std::string_view filename) {
    if (is_wheel(filename)) {
        const auto begin = filename.find('-');
        const auto end = begin == std::string_view::npos ? begin : filename.find('-', begin + 1);
        return end == std::string_view::npos ? std::string_view()
                                             : filename.substr(begin + 1, end - begin - 1);
    }
    for (const std::string_view extension : {".tar.gz", ".zip"}) {
        if (filename.ends_with(extension)) {
            filename.remove_suffix(extension.size());
            const auto begin = filename.rfind('-');
            return begin == std::string_view::npos ? std::string_view()
                                                   : filename.substr(begin + 1);
        }
    }
    return {};
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
    // Most files share their version text with others, often with the one before: parse each once.
    std::unordered_map<std::string_view, std::size_t> group_of;
    std::vector<std::pair<Version, std::vector<std::size_t>>> groups;
    std::string_view last;
    constexpr std::size_t none = SIZE_MAX;
    std::size_t group = none;
    for (std::size_t i = 0; i < project_->files.size(); ++i) {
        const std::string_view text = version_text(project_->files.filename(i));
        if (text.empty()) {
            continue;
        }
        if (text != last) {
            last = text;
            const auto [entry, is_new] = group_of.try_emplace(text, none);
            if (is_new) {
                if (auto version = Version::parse(text)) {
                    entry->second = groups.size();
                    groups.emplace_back(*std::move(version), std::vector<std::size_t>());
                }
            }
            group = entry->second;
        }
        if (group != none) {
            groups[group].second.push_back(i);
        }
    }
    // Of several spellings (1.0, 1.0.0) the shortest is kept, whatever the order of the page.
    std::sort(groups.begin(), groups.end(), [](const auto& a, const auto& b) {
        if (a.first != b.first) {
            return a.first < b.first;
        }
        const std::string left = a.first.to_string();
        const std::string right = b.first.to_string();
        return std::pair(left.size(), left) < std::pair(right.size(), right);
    });
    for (auto& [version, files] : groups) {
        if (!versions_.empty() && versions_.back() == version) {
            auto& all = files_.back();
            all.insert(all.end(), files.begin(), files.end());
            std::sort(all.begin(), all.end());
        } else {
            versions_.push_back(std::move(version));
            files_.push_back(std::move(files));
        }
    }
    judged_.resize(versions_.size());
}

const Candidate& ProjectCandidates::candidate(std::size_t version) {
    if (!judged_[version]) {
        judged_[version] = judge(files_[version]);
    }
    return *judged_[version];
}

const Candidate* ProjectCandidates::find(const Version& version) {
    const auto found = std::lower_bound(versions_.begin(), versions_.end(), version);
    return found != versions_.end() && *found == version
               ? &candidate(static_cast<std::size_t>(found - versions_.begin()))
               : nullptr;
}

Candidate ProjectCandidates::judge(std::span<const std::size_t> files) const {
    // pip's order: not withdrawn, wheels by tag, build tag.
    using Key = std::tuple<bool, bool, std::int64_t, std::optional<packaging::BuildTag>>;
    std::optional<Key> best_key;
    Candidate best;
    Distance closest = Distance::broken;
    const index::DistFile* closest_file = nullptr;

    const auto expected = rules_->hashes.find(name_);
    const bool is_direct = rules_->direct.contains(name_);
    for (const std::size_t index : files) {
        const index::DistFile& file = project_->files[index];
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
            const auto rank = rules_->tags.rank(wheel->tags);
            if (!rank) {
                refuse(Distance::tags);
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
        case Distance::tags:
            return unfitting(files);
        case Distance::source:
            return unusable(AbsenceKind::source_only,
                            is_wheel(closest_file->filename)
                                ? "may only be built from source, as was asked for"
                                : "has only a source distribution");
        case Distance::broken:
            break;
    }
    return unusable(AbsenceKind::version_not_on_index, "has file names that cannot be read");
}

Candidate ProjectCandidates::unfitting(std::span<const std::size_t> files) const {
    std::set<std::string> platforms;
    std::set<std::string> pythons;
    for (const std::size_t index : files) {
        const auto wheel = WheelFilename::parse(project_->files[index].filename);
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
    return platforms.empty()
               ? unusable(AbsenceKind::no_wheel_for_python,
                          no_wheel_for("Python", rules_->best_tag.interpreter, pythons))
               : unusable(AbsenceKind::no_wheel_for_platform,
                          no_wheel_for("platform", rules_->best_tag.platform, platforms));
}

}  // namespace envpack::env
