#include "envpack/packaging/version_range.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

// The surprising part of writing a range: it is a list of cuts, while PEP 440 writes bounds and
// holes. So neighbouring intervals become one piece with `!=` clauses wherever the gap between
// them is something that one `==` or `===` clause accepts; what is left is joined by ` | `.

namespace envpack::packaging {
namespace {

using Side = VersionCut::Side;

std::string release_text(const Version& version) {
    return version.base_version().to_string();
}

/// `.dev0` of a release and nothing else: where `==1.2.*` and `<1.2` have their bounds.
bool is_first_of_release(const Version& version) {
    return version.dev() == 0 && !version.pre() && !version.post() && !version.has_local();
}

/// `1.2` for the bound above all of `1.2.*`, which is before 1.3.dev0.
std::string wildcard_below(const Version& upper) {
    VersionParts parts{.epoch = upper.epoch(), .release = upper.release()};
    while (parts.release.size() > 1 && parts.release.back() == 0) {
        parts.release.pop_back();
    }
    if (parts.release.back() == 0) {
        return {};
    }
    --parts.release.back();
    return Version::from_parts(std::move(parts)).to_string();
}

Version with_release_size(const Version& version, std::size_t size) {
    VersionParts parts = version.parts();
    parts.release.resize(size);
    return Version::from_parts(std::move(parts));
}

/// The one `==` or `===` clause that accepts exactly what is between the cuts; empty for none.
std::string as_equality(const VersionCut& lower, const VersionCut& upper) {
    const Version& version = lower.version();
    if (lower.side() == Side::before && upper.side() == Side::before) {
        if (!version.has_local() && upper == VersionCut::after_locals(version)) {
            return "==" + version.to_string();
        }
        if (is_first_of_release(version) && is_first_of_release(upper.version())) {
            const std::string prefix = wildcard_below(upper.version());
            const auto below = Version::parse(prefix);
            if (below && is_eq(below->compare_release(version))) {
                return "==" + prefix + ".*";
            }
        }
        return {};
    }
    if (lower == VersionCut::before(version) && upper == VersionCut::after(version)) {
        return (version.has_local() ? "==" : "===") + version.to_string();
    }
    if (upper.side() == Side::before_spelling && upper.version() == version) {
        const Version spelling = with_release_size(version, upper.version().release_size() - 1);
        if (lower == VersionCut::before_spelling(spelling)) {
            return "===" + spelling.to_string();
        }
    }
    return {};
}

/// `!=1.0` for `==1.0`, `!===1.0` for `===1.0`.
std::string negated(const std::string& equality) {
    return equality.starts_with("===") ? "!" + equality : "!" + equality.substr(1);
}

void add(std::string& clauses, const std::string& clause) {
    if (!clause.empty()) {
        clauses += (clauses.empty() ? "" : ",") + clause;
    }
}

std::string lower_text(const VersionCut& cut) {
    if (cut == VersionCut::lowest()) {
        return {};
    }
    const Version& version = cut.version();
    const std::string text = version.to_string();
    switch (cut.side()) {
        case Side::before:
            return ">=" + text;
        case Side::before_spelling: {
            std::string clauses = ">=" + text;
            for (std::size_t size = version.significant_release_size();
                 size < version.release_size(); ++size) {
                clauses += ",!===" + with_release_size(version, size).to_string();
            }
            return clauses;
        }
        case Side::after:
            return ">=" + text + (version.has_local() ? ",!=" : ",!===") + text;
        case Side::after_posts:
            return ">" + text;
    }
    return {};
}

/// Below everything that equals `version`.
std::string below_text(const Version& version) {
    if (version.has_local()) {
        return "<" + version.to_string();
    }
    if (is_first_of_release(version)) {
        return "<" + release_text(version);
    }
    VersionParts parts = version.parts();
    if (parts.post && parts.dev == 0) {
        // The least version above all local versions of the one before it.
        parts.dev.reset();
        parts.post = *parts.post == 0 ? std::nullopt : std::optional(*parts.post - 1);
        return "<=" + Version::from_parts(std::move(parts)).to_string();
    }
    if (version.is_prerelease()) {
        return "<" + version.to_string();
    }
    // `<1.0` would leave out the pre-releases of 1.0 too.
    return "<=" + version.to_string() + ",!=" + version.to_string();
}

/// The upper bound, and in `more` what lies below it but needs a piece of its own.
std::string upper_text(const VersionCut& cut, std::string& more) {
    const Version& version = cut.version();
    switch (cut.side()) {
        case Side::before:
            return below_text(version);
        case Side::after:
            if (version.has_local()) {
                return "<=" + version.to_string();
            }
            more = " | ===" + version.to_string();
            return below_text(version);
        case Side::before_spelling:
            for (std::size_t size = version.significant_release_size();
                 size < version.release_size(); ++size) {
                more += " | ===" + with_release_size(version, size).to_string();
            }
            return below_text(version);
        case Side::after_posts:
            return "<=" + version.to_string() + ".post*";
    }
    return {};
}

/// The intervals from `cuts[first]` on that are one piece: where the next piece begins, and the
/// clauses for the gaps in between.
struct Piece {
    std::size_t end = 0;
    std::string holes = {};
};

Piece piece_at(std::span<const VersionCut> cuts, std::size_t first) {
    Piece piece{.end = first + 2};
    while (piece.end < cuts.size()) {
        const std::string gap = as_equality(cuts[piece.end - 1], cuts[piece.end]);
        if (gap.empty()) {
            break;
        }
        add(piece.holes, negated(gap));
        piece.end += 2;
    }
    return piece;
}

}  // namespace

std::string VersionRange::to_string() const {
    if (is_empty()) {
        return "none";
    }
    if (is_full()) {
        return "*";
    }
    std::string text;
    for (std::size_t first = 0; first < cuts_.size();) {
        const Piece piece = piece_at(cuts_, first);
        const bool has_upper = piece.end <= cuts_.size();
        const VersionCut& lower = cuts_[first];
        std::string clauses;
        std::string more;
        if (has_upper && piece.holes.empty()) {
            clauses = as_equality(lower, cuts_[piece.end - 1]);
        }
        if (clauses.empty()) {
            add(clauses, lower_text(lower));
            if (has_upper) {
                add(clauses, upper_text(cuts_[piece.end - 1], more));
            }
            add(clauses, piece.holes);
        }
        text += text.empty() ? "" : " | ";
        text += clauses;
        text += more;
        first = piece.end;
    }
    return text;
}

}  // namespace envpack::packaging
