#pragma once

#include "envpack/packaging/version_range.hpp"

namespace envpack::resolver {

/// A statement about one package. Positive: it is selected, in `range`. Negative: it is not
/// selected, or outside of `range`. Value; not synchronised.
struct Term {
    packaging::VersionRange range;
    bool positive = true;

    static Term any();  ///< always true
    Term negated() const { return {range, !positive}; }
    /// Always true: says nothing.
    bool is_any() const noexcept { return !positive && range.is_empty(); }
    /// Never true.
    bool is_none() const noexcept { return positive && range.is_empty(); }
    bool contains(const packaging::Version& version) const noexcept;
    /// Whenever this holds, `other` does.
    bool implies(const Term& other) const noexcept;
    /// Both cannot hold.
    bool contradicts(const Term& other) const noexcept;
    friend Term operator&(const Term& a, const Term& b);
    friend Term operator|(const Term& a, const Term& b);
    friend bool operator==(const Term&, const Term&) = default;
};

}  // namespace envpack::resolver
