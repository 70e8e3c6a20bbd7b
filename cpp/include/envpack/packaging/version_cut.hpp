#pragma once

#include "envpack/packaging/version.hpp"

#include <compare>
#include <cstdint>
#include <utility>

namespace envpack::packaging {

/// Between two neighbouring groups of versions. Each point has one representation: where there is
/// a least version above it, it is `before` that version. Value; not synchronised.
class VersionCut {
public:
    enum class Side : std::uint8_t {
        before,           ///< below every spelling of the version
        before_spelling,  ///< below those spellings that are no shorter than the version's
        after,            ///< above every spelling, below its local versions
        after_posts,      ///< above everything of its release; the version is a final release
    };

    static VersionCut lowest();  ///< below every version
    static VersionCut before(Version version);
    static VersionCut before_spelling(Version version);
    static VersionCut after(Version version);
    static VersionCut after_locals(const Version& version);
    static VersionCut after_posts(const Version& version);

    const Version& version() const noexcept { return version_; }
    Side side() const noexcept { return side_; }
    /// `version` lies below this point.
    bool is_above(const Version& version) const noexcept;

    friend std::strong_ordering operator<=>(const VersionCut& a, const VersionCut& b) noexcept;
    friend bool operator==(const VersionCut& a, const VersionCut& b) noexcept {
        return is_eq(a <=> b);
    }

private:
    VersionCut(Version version, Side side) noexcept : version_(std::move(version)), side_(side) {}
    Version version_;
    Side side_;
};

}  // namespace envpack::packaging
