#include "partial_solution.hpp"

#include "envpack/base/assert.hpp"

#include <algorithm>

namespace envpack::resolver {

using packaging::Version;
using packaging::VersionRange;

PartialSolution::Slot& PartialSolution::slot(PackageId package) {
    if (package >= slots_.size()) {
        slots_.resize(package + 1);
    }
    return slots_[package];
}

const Term* PartialSolution::term(PackageId package) const noexcept {
    if (package < slots_.size() && slots_[package].decided) {
        return &*slots_[package].decided;
    }
    return derived(package);
}

const Term* PartialSolution::derived(PackageId package) const noexcept {
    if (package >= slots_.size() || slots_[package].derivations.empty()) {
        return nullptr;
    }
    return &slots_[package].derivations.back().accumulated;
}

const std::optional<Version>& PartialSolution::decision(PackageId package) const noexcept {
    static const std::optional<Version> none;
    return package < slots_.size() ? slots_[package].decision : none;
}

std::uint32_t PartialSolution::decision_level(PackageId package) const noexcept {
    ENVPACK_ASSERT(decision(package).has_value());
    return slots_[package].decision_level;
}

std::uint64_t PartialSolution::generation(PackageId package) const noexcept {
    return package < slots_.size() ? slots_[package].generation : 0;
}

bool PartialSolution::is_open(PackageId package) const noexcept {
    if (package >= slots_.size()) {
        return false;
    }
    const Slot& slot = slots_[package];
    return !slot.decision && !slot.derivations.empty() &&
           slot.derivations.back().accumulated.positive;
}

void PartialSolution::decide(PackageId package, const Version& version) {
    Slot& target = slot(package);
    ENVPACK_ASSERT(!target.decision);
    ++level_;
    target.decision = version;
    // In its own spelling, so that `===` terms, too, either hold or do not.
    target.decided = Term{VersionRange::exactly(version), true};
    target.decision_level = level_;
    target.decision_order = next_order_++;
    target.generation = next_generation_++;
    trail_.push_back(package);
}

void PartialSolution::derive(PackageId package, const Incompatibility& incompatibility,
                             IncompatibilityId cause) {
    Slot& target = slot(package);
    Term term = incompatibility.find(package)->negated();
    if (!target.derivations.empty()) {
        term = target.derivations.back().accumulated & term;
    }
    target.derivations.push_back({cause, level_, next_order_++, std::move(term)});
    target.generation = next_generation_++;
    trail_.push_back(package);
}

void PartialSolution::backtrack(std::uint32_t level) {
    while (!trail_.empty()) {
        Slot& last = slots_[trail_.back()];
        if (last.decision && last.decision_order + 1 == next_order_) {
            if (last.decision_level <= level) {
                break;
            }
            last.decision.reset();
            last.decided.reset();
        } else {
            if (last.derivations.back().level <= level) {
                break;
            }
            last.derivations.pop_back();
        }
        last.generation = next_generation_++;
        trail_.pop_back();
        --next_order_;
    }
    level_ = level;
}

PartialSolution::Answer PartialSolution::relation(
    const Incompatibility& incompatibility) const noexcept {
    Answer answer{Relation::satisfied, 0};
    for (const auto& [package, wanted] : incompatibility.terms) {
        const Term* known = term(package);
        if (known != nullptr && known->implies(wanted)) {
            continue;
        }
        if (known != nullptr && known->contradicts(wanted)) {
            return {Relation::contradicted, package};
        }
        if (answer.relation == Relation::satisfied) {
            answer = {Relation::almost_satisfied, package};
        } else {
            answer.relation = Relation::inconclusive;  // a later term may still contradict
        }
    }
    return answer;
}

bool PartialSolution::would_satisfy(const Incompatibility& incompatibility, PackageId package,
                                    const Version& version) const noexcept {
    return std::all_of(incompatibility.terms.begin(), incompatibility.terms.end(),
                       [&](const auto& entry) {
                           if (entry.first == package) {
                               return entry.second.contains(version);
                           }
                           const Term* known = term(entry.first);
                           return known != nullptr && known->implies(entry.second);
                       });
}

PartialSolution::Place PartialSolution::place(const Slot& slot, const Term& term,
                                              const Term& given) {
    // Each derivation implies those before it, so the ones that suffice are at the end.
    const auto found = std::partition_point(
        slot.derivations.begin(), slot.derivations.end(), [&](const Derivation& derivation) {
            return !(given.is_any() ? derivation.accumulated.implies(term)
                                    : (derivation.accumulated & given).implies(term));
        });
    if (found != slot.derivations.end()) {
        return {found->order, found->level, found->cause};
    }
    ENVPACK_ASSERT(slot.decision.has_value());
    return {slot.decision_order, slot.decision_level, std::nullopt};
}

PartialSolution::Satisfier PartialSolution::satisfier(
    const Incompatibility& incompatibility, const std::vector<Incompatibility>& all) const {
    std::vector<Place> places;
    places.reserve(incompatibility.terms.size());
    std::size_t last = 0;
    for (const auto& [package, term] : incompatibility.terms) {
        places.push_back(place(slots_[package], term, Term::any()));
        if (places.back().order > places[last].order) {
            last = places.size() - 1;
        }
    }
    const auto& [package, term] = incompatibility.terms[last];
    Satisfier result{package, places[last].cause, places[last].level, 0};
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (i != last) {
            result.previous_level = std::max(result.previous_level, places[i].level);
        }
    }
    // The satisfier may need what was known of its package before.
    if (result.cause) {
        const Term own = all[*result.cause].find(package)->negated();
        if (!own.implies(term)) {
            const Place before = place(slots_[package], term, own);
            result.previous_level = std::max(result.previous_level, before.level);
        }
    }
    return result;
}

}  // namespace envpack::resolver
