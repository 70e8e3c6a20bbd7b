#pragma once

#include "envpack/packaging/specifier_set.hpp"
#include "envpack/packaging/version.hpp"
#include "envpack/packaging/version_cut.hpp"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace envpack::packaging {

/// A set of versions, closed under the set operations and canonical: `==` means "the same
/// members". SpecifierSet is what people write; VersionRange is what the solver computes with.
/// It knows no policy on pre-releases: `of(set).contains(v)` is `set.contains(v, true)`.
///
/// Inside, a range is the ascending list of the points where membership changes. Such a point
/// lies between two versions (before `2.0.dev0`, after the last post-release of `1.0`), so
/// exclusive bounds and local versions need no special cases. Value; not synchronised.
class VersionRange {
public:
    static VersionRange empty();
    static VersionRange full();
    /// `version` itself, however its release is written (`1.0` is `1.0.0`), without the local
    /// versions that `==version` would accept.
    static VersionRange of(const Version& version);
    /// As `===version`: in this spelling only, so `1.0` but not `1.0.0`.
    static VersionRange exactly(const Version& version);
    static VersionRange of(const Specifier& specifier);
    /// `===` with a text that is no normalised version has no member.
    static VersionRange of(const SpecifierSet& specifiers);

    VersionRange complement() const;
    VersionRange difference(const VersionRange& other) const;
    friend VersionRange operator&(const VersionRange& a, const VersionRange& b);
    friend VersionRange operator|(const VersionRange& a, const VersionRange& b);

    bool contains(const Version& version) const noexcept;
    bool is_empty() const noexcept { return cuts_.empty(); }
    bool is_full() const noexcept;
    bool is_subset_of(const VersionRange& other) const noexcept;
    bool is_disjoint(const VersionRange& other) const noexcept;
    /// The version when there is exactly one, as of() makes it.
    std::optional<Version> only_version() const;

    /// In the manner of PEP 440: `>=1,<2 | ==3.1`; `*` for all, `none` for the empty range. Sets
    /// that PEP 440 cannot write use three additions: `!===1.0` (all but this one), `<=1.0.post*`
    /// (post-releases included), and local parts after ordering operators.
    std::string to_string() const;

    friend bool operator==(const VersionRange& a, const VersionRange& b) = default;

    /// Ascending: where membership begins, ends, begins again… No end after an odd count.
    std::span<const VersionCut> cuts() const noexcept { return cuts_; }

private:
    explicit VersionRange(std::vector<VersionCut> cuts) noexcept : cuts_(std::move(cuts)) {}

    std::vector<VersionCut> cuts_;
};

}  // namespace envpack::packaging
