#include "envpack/packaging/specifier_set.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/text.hpp"
#include "white_space.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace envpack::packaging {
namespace {

/// What is known of an item that fulfils all clauses.
enum class Match : std::uint8_t { none, prerelease, final_release, no_version };

/// PEP 440, handling of pre-releases: they remain when they are asked for, or when no final
/// release remains. A text that is no version is neither; it always remains.
template <class MatchAt>
std::vector<std::size_t> remaining(std::size_t count, std::optional<bool> prereleases,
                                   const MatchAt& match_at) {
    std::vector<Match> matches(count);
    for (std::size_t i = 0; i < count; ++i) {
        matches[i] = match_at(i);
    }
    const bool keep_prereleases = prereleases.value_or(
        std::find(matches.begin(), matches.end(), Match::final_release) == matches.end());
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < count; ++i) {
        if (matches[i] != Match::none && (matches[i] != Match::prerelease || keep_prereleases)) {
            positions.push_back(i);
        }
    }
    return positions;
}

}  // namespace

SpecifierSet::SpecifierSet(std::vector<Specifier> specifiers, std::optional<bool> prereleases)
    : prereleases_(prereleases) {
    if (specifiers.size() > 1) {
        std::stable_sort(
            specifiers.begin(), specifiers.end(),
            [](const Specifier& a, const Specifier& b) { return a.to_string() < b.to_string(); });
        std::unordered_set<std::string> seen;
        std::erase_if(specifiers, [&seen](const Specifier& specifier) {
            return !seen.emplace(specifier.canonical()).second;
        });
    }
    if (!specifiers.empty()) {
        specifiers_ = std::make_shared<const std::vector<Specifier>>(std::move(specifiers));
    }
}

Result<SpecifierSet> SpecifierSet::parse(std::string_view text, std::optional<bool> prereleases) {
    std::vector<Specifier> specifiers;
    for (const std::string_view piece : text::split(text, ',')) {
        const std::string_view clause = trim_white_space(piece);
        if (clause.empty()) {
            continue;
        }
        auto specifier = Specifier::parse(clause);
        if (!specifier) {
            return fail(std::move(specifier).error().with_span(
                std::string(text), static_cast<std::size_t>(clause.data() - text.data()),
                clause.size()));
        }
        specifiers.push_back(*std::move(specifier));
    }
    return SpecifierSet(std::move(specifiers), prereleases);
}

SpecifierSet SpecifierSet::pin(const Version& version) {
    auto specifier = Specifier::parse("==" + version.to_string());
    ENVPACK_ASSERT(specifier.has_value());
    return SpecifierSet({*std::move(specifier)}, std::nullopt);
}

std::optional<bool> SpecifierSet::prereleases() const noexcept {
    if (prereleases_) {
        return prereleases_;
    }
    const bool named = std::any_of(specifiers().begin(), specifiers().end(),
                                   [](const Specifier& s) { return s.names_prerelease(); });
    return named ? std::optional(true) : std::nullopt;
}

SpecifierSet SpecifierSet::with_prereleases(std::optional<bool> prereleases) const {
    SpecifierSet changed = *this;
    changed.prereleases_ = prereleases;
    return changed;
}

bool SpecifierSet::matches(const Version& version) const {
    return std::all_of(specifiers().begin(), specifiers().end(),
                       [&](const Specifier& specifier) { return specifier.contains(version); });
}

bool SpecifierSet::matches(std::string_view text) const {
    return std::all_of(specifiers().begin(), specifiers().end(),
                       [&](const Specifier& specifier) { return specifier.contains(text); });
}

bool SpecifierSet::contains(const Version& version, std::optional<bool> prereleases,
                            bool installed) const {
    return !refuses(version, prereleases, installed) && matches(version);
}

bool SpecifierSet::contains(std::string_view text, std::optional<bool> prereleases,
                            bool installed) const {
    const auto version = Version::parse(text);
    return !(version && refuses(*version, prereleases, installed)) && matches(text);
}

bool SpecifierSet::refuses(const Version& version, std::optional<bool> prereleases,
                           bool installed) const {
    const std::optional<bool> wanted = prereleases ? prereleases : this->prereleases();
    return version.is_prerelease() && !installed && !wanted.value_or(true);
}

std::vector<std::size_t> SpecifierSet::filter(std::span<const Version> versions,
                                              std::optional<bool> prereleases) const {
    return remaining(
        versions.size(), prereleases ? prereleases : this->prereleases(), [&](std::size_t i) {
            if (!matches(versions[i])) {
                return Match::none;
            }
            return versions[i].is_prerelease() ? Match::prerelease : Match::final_release;
        });
}

std::vector<std::size_t> SpecifierSet::filter(std::span<const std::string> texts,
                                              std::optional<bool> prereleases) const {
    return remaining(texts.size(), prereleases ? prereleases : this->prereleases(),
                     [&](std::size_t i) {
                         if (!matches(texts[i])) {
                             return Match::none;
                         }
                         const auto version = Version::parse(texts[i]);
                         if (!version) {
                             return Match::no_version;
                         }
                         return version->is_prerelease() ? Match::prerelease : Match::final_release;
                     });
}

std::string SpecifierSet::to_string() const {
    std::string text;
    for (const Specifier& specifier : specifiers()) {
        if (!text.empty()) {
            text += ',';
        }
        text += specifier.to_string();
    }
    return text;
}

SpecifierSet operator&(const SpecifierSet& a, const SpecifierSet& b) {
    std::vector<Specifier> specifiers(a.specifiers().begin(), a.specifiers().end());
    specifiers.insert(specifiers.end(), b.specifiers().begin(), b.specifiers().end());
    std::optional<bool> prereleases = a.prereleases_ ? a.prereleases_ : b.prereleases_;
    if (a.prereleases_ && b.prereleases_) {
        prereleases = *a.prereleases_ && *b.prereleases_;
    }
    return SpecifierSet(std::move(specifiers), prereleases);
}

bool operator==(const SpecifierSet& a, const SpecifierSet& b) {
    if (a.specifiers().size() != b.specifiers().size()) {
        return false;
    }
    std::unordered_set<std::string_view> canonical;
    for (const Specifier& specifier : a.specifiers()) {
        canonical.insert(specifier.canonical());
    }
    return std::all_of(b.specifiers().begin(), b.specifiers().end(),
                       [&canonical](const Specifier& specifier) {
                           return canonical.contains(specifier.canonical());
                       });
}

}  // namespace envpack::packaging
