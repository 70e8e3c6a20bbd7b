#pragma once

#include "envpack/packaging/version.hpp"
#include "incompatibility.hpp"
#include "term.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace envpack::resolver {

/// How a partial solution stands to an incompatibility.
enum class Relation : std::uint8_t {
    satisfied,         ///< every term holds: a conflict
    almost_satisfied,  ///< all but one hold, and that one is open: it has to be false
    contradicted,      ///< one term is false
    inconclusive,
};

/// What is assumed so far: decisions (this package at this version) and derivations (what follows
/// from an incompatibility), in the order in which they were made. One thread.
class PartialSolution {
public:
    /// Decisions so far. Level 0: nothing but what the request forces.
    std::uint32_t level() const noexcept { return level_; }
    /// What is known of the package; nullptr when nothing is.
    const Term* term(PackageId package) const noexcept;
    /// As term(), without the package's own decision.
    const Term* derived(PackageId package) const noexcept;
    const std::optional<packaging::Version>& decision(PackageId package) const noexcept;
    std::uint32_t decision_level(PackageId package) const noexcept;  ///< of a decided package
    /// Grows with every change of the package's term, and never returns to an old value.
    std::uint64_t generation(PackageId package) const noexcept;
    /// Has to be selected and has no version yet.
    bool is_open(PackageId package) const noexcept;
    std::uint32_t packages() const noexcept { return static_cast<std::uint32_t>(slots_.size()); }

    void decide(PackageId package, const packaging::Version& version);
    /// What `cause`, in which every other term holds, says of the package.
    void derive(PackageId package, const Incompatibility& incompatibility, IncompatibilityId cause);
    void backtrack(std::uint32_t level);

    struct Answer {
        Relation relation = Relation::inconclusive;
        PackageId open = 0;  ///< almost_satisfied: the package of the open term
    };
    Answer relation(const Incompatibility& incompatibility) const noexcept;
    /// relation() as it would be after decide(package, version).
    bool would_satisfy(const Incompatibility& incompatibility, PackageId package,
                       const packaging::Version& version) const noexcept;

    /// The assignment that made the satisfied `incompatibility` satisfied.
    struct Satisfier {
        PackageId package = 0;
        std::optional<IncompatibilityId> cause = std::nullopt;  ///< none: a decision
        std::uint32_t level = 0;
        /// The level from which on the other assignments, without this one, are in place.
        std::uint32_t previous_level = 0;
    };
    Satisfier satisfier(const Incompatibility& incompatibility,
                        const std::vector<Incompatibility>& all) const;

private:
    struct Derivation {
        IncompatibilityId cause;
        std::uint32_t level;
        std::uint32_t order;
        Term accumulated;  // this one and all before it
    };
    struct Slot {
        std::vector<Derivation> derivations;
        std::optional<packaging::Version> decision;
        std::optional<Term> decided;  // the decision as a term
        std::uint32_t decision_level = 0;
        std::uint32_t decision_order = 0;
        std::uint64_t generation = 0;
    };
    struct Place {
        std::uint32_t order;
        std::uint32_t level;
        std::optional<IncompatibilityId> cause;
    };
    Slot& slot(PackageId package);
    /// The first assignment from which on, together with `given`, `term` holds.
    static Place place(const Slot& slot, const Term& term, const Term& given);

    std::vector<Slot> slots_;
    std::vector<PackageId> trail_;  // the package of every assignment, in order
    std::uint32_t level_ = 0;
    std::uint32_t next_order_ = 0;
    std::uint64_t next_generation_ = 1;
};

}  // namespace envpack::resolver
