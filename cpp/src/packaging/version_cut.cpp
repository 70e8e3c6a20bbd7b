#include "envpack/packaging/version_cut.hpp"

#include "envpack/base/assert.hpp"

#include <algorithm>
#include <cstddef>

namespace envpack::packaging {
VersionCut VersionCut::lowest() {
    // Epoch 0, release 0 and the lowest suffix: no version is below 0.dev0.
    static const VersionCut cut(Version::from_parts({.release = {0}, .dev = 0}), Side::before);
    return cut;
}

VersionCut VersionCut::before(Version version) {
    return {std::move(version), Side::before};
}

VersionCut VersionCut::before_spelling(Version version) {
    const Side side = version.release_size() <= version.significant_release_size()
                          ? Side::before
                          : Side::before_spelling;
    return {std::move(version), side};
}

VersionCut VersionCut::after(Version version) {
    return {std::move(version), Side::after};
}

VersionCut VersionCut::after_locals(const Version& version) {
    ENVPACK_ASSERT(!version.has_local());
    // The least version above all of V+local; there is always one.
    VersionParts next = version.parts();
    if (next.dev) {
        next.dev = *next.dev + 1;
    } else {
        next.post = next.post ? *next.post + 1 : 0;
        next.dev = 0;
    }
    return before(Version::from_parts(std::move(next)));
}

VersionCut VersionCut::after_posts(const Version& version) {
    ENVPACK_ASSERT(!version.has_local() && !version.is_postrelease() && !version.is_devrelease());
    const auto pre = version.pre();
    if (!pre) {
        // What follows 1.0.postN for every N is 1.0.0.…, of which none is the least.
        return {version, Side::after_posts};
    }
    VersionParts next = version.parts();
    next.pre->number = pre->number + 1;
    next.dev = 0;
    return before(Version::from_parts(std::move(next)));
}

bool VersionCut::is_above(const Version& version) const noexcept {
    switch (side_) {
        case Side::before:
            return version < version_;
        case Side::before_spelling: {
            const auto order = version <=> version_;
            return is_lt(order) ||
                   (is_eq(order) && version.release_size() < version_.release_size());
        }
        case Side::after:
            return version <= version_;
        case Side::after_posts:
            return is_lteq(version.compare_release(version_));
    }
    return false;
}

std::strong_ordering operator<=>(const VersionCut& a, const VersionCut& b) noexcept {
    using Side = VersionCut::Side;
    if (a.side_ == Side::after_posts || b.side_ == Side::after_posts) {
        const auto order = a.version_.compare_release(b.version_);
        return is_neq(order) ? order
                             : (a.side_ == Side::after_posts) <=> (b.side_ == Side::after_posts);
    }
    if (const auto order = a.version_ <=> b.version_; is_neq(order)) {
        return order;
    }
    if (a.side_ != b.side_ || a.side_ != Side::before_spelling) {
        return a.side_ <=> b.side_;
    }
    return a.version_.release_size() <=> b.version_.release_size();
}

}  // namespace envpack::packaging
