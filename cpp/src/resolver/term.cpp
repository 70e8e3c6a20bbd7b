#include "term.hpp"

namespace envpack::resolver {

using packaging::VersionRange;

Term Term::any() {
    return {VersionRange::empty(), false};
}

bool Term::contains(const packaging::Version& version) const noexcept {
    return range.contains(version) == positive;
}

bool Term::implies(const Term& other) const noexcept {
    if (positive) {
        return other.positive ? range.is_subset_of(other.range) : range.is_disjoint(other.range);
    }
    // "Not selected" satisfies every negative term, and no positive one.
    return !other.positive && other.range.is_subset_of(range);
}

bool Term::contradicts(const Term& other) const noexcept {
    if (positive) {
        return other.positive ? range.is_disjoint(other.range) : range.is_subset_of(other.range);
    }
    return other.positive && other.range.is_subset_of(range);
}

Term operator&(const Term& a, const Term& b) {
    if (a.positive && b.positive) {
        return {a.range & b.range, true};
    }
    if (a.positive) {
        return {a.range.difference(b.range), true};
    }
    if (b.positive) {
        return {b.range.difference(a.range), true};
    }
    return {a.range | b.range, false};
}

Term operator|(const Term& a, const Term& b) {
    return (a.negated() & b.negated()).negated();
}

}  // namespace envpack::resolver
