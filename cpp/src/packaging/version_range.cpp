#include "envpack/packaging/version_range.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <cstddef>

namespace envpack::packaging {
namespace {

using Cuts = std::vector<VersionCut>;

/// Visits the cuts of both lists in order with the membership in each list just above the cut.
/// Stops where `visit(cut, in_a, in_b)` answers false.
template <class Visit>
void sweep(const Cuts& a, const Cuts& b, const Visit& visit) {
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < a.size() || j < b.size()) {
        const auto order = i == a.size()   ? std::strong_ordering::greater
                           : j == b.size() ? std::strong_ordering::less
                                           : a[i] <=> b[j];
        const VersionCut& cut = is_lteq(order) ? a[i] : b[j];
        i += is_lteq(order) ? 1 : 0;
        j += is_gteq(order) ? 1 : 0;
        if (!visit(cut, i % 2 == 1, j % 2 == 1)) {
            return;
        }
    }
}

template <class Keep>
Cuts combine(const Cuts& a, const Cuts& b, const Keep& keep) {
    Cuts result;
    result.reserve(a.size() + b.size());
    sweep(a, b, [&](const VersionCut& cut, bool in_a, bool in_b) {
        if (keep(in_a, in_b) != (result.size() % 2 == 1)) {
            result.push_back(cut);
        }
        return true;
    });
    return result;
}

/// There is no version for which `forbidden(in_a, in_b)` holds; it never does outside of both.
template <class Forbidden>
bool never(const Cuts& a, const Cuts& b, const Forbidden& forbidden) {
    bool found = false;
    sweep(a, b, [&](const VersionCut&, bool in_a, bool in_b) {
        found = forbidden(in_a, in_b);
        return !found;
    });
    return !found;
}

Cuts between(VersionCut lower, VersionCut upper) {
    if (!(lower < upper)) {
        return {};
    }
    Cuts cuts;
    cuts.reserve(2);
    cuts.push_back(std::move(lower));
    cuts.push_back(std::move(upper));
    return cuts;
}

Cuts from(VersionCut lower) {
    Cuts cuts;
    cuts.push_back(std::move(lower));
    return cuts;
}

Cuts up_to(VersionCut upper) {
    return between(VersionCut::lowest(), std::move(upper));
}

/// The point below everything whose release begins with the first `size` numbers of `version`;
/// with `next`, the point above all of that.
VersionCut prefix_cut(const Version& version, std::size_t size, bool next) {
    VersionParts parts{.epoch = version.epoch(), .release = version.release(), .dev = 0};
    parts.release.resize(size);
    parts.release.back() += next ? 1 : 0;
    return VersionCut::before(Version::from_parts(std::move(parts)));
}

Cuts one_spelling(const Version& version) {
    VersionParts longer = version.parts();
    longer.release.push_back(0);
    return between(VersionCut::before_spelling(version),
                   VersionCut::before_spelling(Version::from_parts(std::move(longer))));
}

// What each operator of PEP 440 accepts (!= what it refuses), in the order of its section "version
// specifiers".
Cuts accepted(const Specifier& specifier) {
    if (!specifier.version()) {
        return {};  // === with a text that is no version
    }
    const Version& version = *specifier.version();
    const std::size_t size = version.release_size();
    switch (specifier.op()) {
        case Operator::compatible:
            return between(VersionCut::before(version), prefix_cut(version, size - 1, true));
        case Operator::equal:
        case Operator::not_equal:
            if (specifier.is_wildcard()) {
                return between(prefix_cut(version, size, false), prefix_cut(version, size, true));
            }
            return between(VersionCut::before(version), version.has_local()
                                                            ? VersionCut::after(version)
                                                            : VersionCut::after_locals(version));
        case Operator::less_equal:
            return up_to(VersionCut::after_locals(version));
        case Operator::greater_equal:
            return from(VersionCut::before(version));
        case Operator::less: {
            if (version.is_prerelease()) {
                return up_to(VersionCut::before(version));
            }
            VersionParts first = version.parts();
            first.dev = 0;
            return up_to(VersionCut::before(Version::from_parts(std::move(first))));
        }
        case Operator::greater:
            return from(version.is_postrelease() || version.is_devrelease()
                            ? VersionCut::after_locals(version)
                            : VersionCut::after_posts(version));
        case Operator::arbitrary:
            // The text has to be the normalised one: nothing else is compared.
            return text::equals_ignoring_case(version.to_string(), specifier.version_text())
                       ? one_spelling(version)
                       : Cuts();
    }
    return {};
}

}  // namespace

VersionRange VersionRange::empty() {
    return VersionRange({});
}

VersionRange VersionRange::full() {
    return VersionRange(from(VersionCut::lowest()));
}

VersionRange VersionRange::of(const Version& version) {
    return VersionRange(between(VersionCut::before(version), VersionCut::after(version)));
}

VersionRange VersionRange::exactly(const Version& version) {
    return VersionRange(one_spelling(version));
}

VersionRange VersionRange::of(const Specifier& specifier) {
    const VersionRange range(accepted(specifier));
    return specifier.op() == Operator::not_equal ? range.complement() : range;
}

VersionRange VersionRange::of(const SpecifierSet& specifiers) {
    VersionRange range = full();
    for (const Specifier& specifier : specifiers.specifiers()) {
        range = range & of(specifier);
    }
    return range;
}

VersionRange VersionRange::complement() const {
    const VersionCut lowest = VersionCut::lowest();
    if (!cuts_.empty() && cuts_.front() == lowest) {
        return VersionRange(Cuts(cuts_.begin() + 1, cuts_.end()));
    }
    Cuts cuts;
    cuts.reserve(cuts_.size() + 1);
    cuts.push_back(lowest);
    cuts.insert(cuts.end(), cuts_.begin(), cuts_.end());
    return VersionRange(std::move(cuts));
}

VersionRange VersionRange::difference(const VersionRange& other) const {
    return VersionRange(
        combine(cuts_, other.cuts_, [](bool in_a, bool in_b) { return in_a && !in_b; }));
}

VersionRange operator&(const VersionRange& a, const VersionRange& b) {
    return VersionRange(
        combine(a.cuts_, b.cuts_, [](bool in_a, bool in_b) { return in_a && in_b; }));
}

VersionRange operator|(const VersionRange& a, const VersionRange& b) {
    return VersionRange(
        combine(a.cuts_, b.cuts_, [](bool in_a, bool in_b) { return in_a || in_b; }));
}

bool VersionRange::contains(const Version& version) const noexcept {
    const auto first_above =
        std::partition_point(cuts_.begin(), cuts_.end(),
                             [&version](const VersionCut& cut) { return !cut.is_above(version); });
    return (first_above - cuts_.begin()) % 2 == 1;
}

bool VersionRange::is_full() const noexcept {
    return cuts_.size() == 1 && cuts_.front() == VersionCut::lowest();
}

bool VersionRange::is_subset_of(const VersionRange& other) const noexcept {
    return never(cuts_, other.cuts_, [](bool in_a, bool in_b) { return in_a && !in_b; });
}

bool VersionRange::is_disjoint(const VersionRange& other) const noexcept {
    return never(cuts_, other.cuts_, [](bool in_a, bool in_b) { return in_a && in_b; });
}

std::optional<Version> VersionRange::only_version() const {
    if (cuts_.size() == 2 && *this == of(cuts_.front().version())) {
        return cuts_.front().version();
    }
    return std::nullopt;
}

}  // namespace envpack::packaging
