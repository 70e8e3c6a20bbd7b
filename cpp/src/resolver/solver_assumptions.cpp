#include "solver_state.hpp"

#include <algorithm>
#include <utility>

// Some absences are not facts of the world: "no version of a, because nobody names a pre-release"
// ends when somebody does. What is learned from one names everybody known who could make such a
// demand; who is met only later makes the solver begin again, with all facts and without the
// conclusions. A further demand never takes a version away that was offered before, so those in
// force need not be named. A demand that only a version never looked at would make is not found;
// nor does pip find it.

namespace envpack::resolver {

using packaging::VersionRange;

std::vector<bool> Solver::decided() const {
    std::vector<bool> result(state_.size(), false);
    for (PackageId id = 0; id < solution_.packages(); ++id) {
        result[id] = solution_.decision(id).has_value();
    }
    return result;
}

/// Learns that nothing of `package` in `range` can be chosen unless somebody else comes to demand
/// it: another version of a chosen package, directly or by way of packages that are not.
void Solver::assume(PackageId package, const VersionRange& range, std::string reason,
                    const std::vector<bool>& is_chosen) {
    Incompatibility absent{.cause = ConflictCause::no_versions,
                           .reason = std::move(reason),
                           .subject = package,
                           .is_assumption = true};
    absent.add(package, {range, true});
    std::vector<bool> is_seen(state_.size(), false);
    std::vector<PackageId> waiting = {package};
    is_seen[package] = true;
    while (!waiting.empty()) {
        const PackageId target = waiting.back();
        waiting.pop_back();
        state_[target].is_assumed = true;
        for (const IncompatibilityId id : state_[target].incompatibilities) {
            const Incompatibility& known = all_[id];
            if (known.cause != ConflictCause::dependency || known.terms.size() != 2 ||
                known.find(target)->positive) {
                continue;
            }
            const PackageId by = known.terms[known.terms.front().first == target ? 1 : 0].first;
            if (!is_chosen[by]) {
                if (!is_seen[by]) {
                    is_seen[by] = true;
                    waiting.push_back(by);
                }
            } else if (by != package && !known.find(by)->contains(*solution_.decision(by))) {
                absent.add(by, {known.find(by)->range, false});
            }
        }
    }
    has_assumptions_ = true;
    list(add(std::move(absent)));
    enqueue(package);
}

/// Which decided packages the request leads to.
std::vector<bool> Solver::reached() const {
    std::vector<bool> result(state_.size(), false);
    bool has_grown = true;
    while (has_grown) {
        has_grown = false;
        for (PackageId id = 0; id < solution_.packages(); ++id) {
            if (!result[id] && solution_.decision(id)) {
                const auto demands = demands_on(id);
                result[id] = std::any_of(demands.begin(), demands.end(), [&](const Demand& demand) {
                    return demand.by == nullptr || result[packages_.find(*demand.by)];
                });
                has_grown = has_grown || result[id];
            }
        }
    }
    return result;
}

/// A package that is selected only so that its demand ends an assumption has nobody who wants it.
/// True when there was one; who could want it is learned then.
bool Solver::reject_unreached() {
    const std::vector<bool> is_reached = reached();
    for (PackageId id = 0; id < solution_.packages(); ++id) {
        if (solution_.decision(id) && !is_reached[id]) {
            assume(id, VersionRange::full(), "nobody requires it", is_reached);
            return true;
        }
    }
    return false;
}

/// Back to the beginning with all facts; assumptions and what followed from them are forgotten.
void Solver::restart() {
    std::vector<bool> is_listed(all_.size(), false);
    for (PerPackage& state : state_) {
        for (const IncompatibilityId id : state.incompatibilities) {
            is_listed[id] = true;
        }
        state.incompatibilities.clear();
        state.is_queued = false;
        state.is_assumed = false;
        state.priority_generation = 0;
    }
    std::vector<Incompatibility> facts;
    for (IncompatibilityId id = 0; id < all_.size(); ++id) {
        if (is_listed[id] && all_[id].cause != ConflictCause::derived && !all_[id].is_assumption) {
            facts.push_back(std::move(all_[id]));
        }
    }
    all_.clear();
    contradicted_.clear();
    contradicted_log_.clear();
    queue_.clear();
    solution_ = PartialSolution();
    has_assumptions_ = false;
    needs_restart_ = false;
    ++progress_;
    for (Incompatibility& fact : facts) {
        list(add(std::move(fact)));
    }
    for (PackageId id = 0; id < state_.size(); ++id) {
        enqueue(id);
    }
}

}  // namespace envpack::resolver
