#include "envpack/base/assert.hpp"
#include "solver_state.hpp"

#include <algorithm>
#include <utility>

namespace envpack::resolver {

IncompatibilityId Solver::add(Incompatibility incompatibility) {
    all_.push_back(std::move(incompatibility));
    contradicted_.push_back(false);
    return static_cast<IncompatibilityId>(all_.size() - 1);
}

void Solver::list(IncompatibilityId id) {
    for (const auto& [package, term] : all_[id].terms) {
        state_[package].incompatibilities.push_back(id);
    }
}

/// It stays in all_, where proofs refer to it.
void Solver::unlist(IncompatibilityId id) {
    for (const auto& [package, term] : all_[id].terms) {
        std::erase(state_[package].incompatibilities, id);
    }
}

void Solver::enqueue(PackageId package) {
    if (!state_[package].is_queued) {
        state_[package].is_queued = true;
        queue_.push_back(package);
    }
}

void Solver::mark_contradicted(IncompatibilityId id) {
    contradicted_[id] = true;
    contradicted_log_.emplace_back(solution_.level(), id);
}

void Solver::backtrack(std::uint32_t level) {
    solution_.backtrack(level);
    ++progress_;
    while (!contradicted_log_.empty() && contradicted_log_.back().first > level) {
        contradicted_[contradicted_log_.back().second] = false;
        contradicted_log_.pop_back();
    }
}

/// Derives what follows from the decisions, until nothing does or a contradiction is proved.
std::optional<IncompatibilityId> Solver::propagate() {
    while (!queue_.empty()) {
        const PackageId package = queue_.back();
        queue_.pop_back();
        state_[package].is_queued = false;

        std::optional<IncompatibilityId> conflict;
        // Newest first: what was learned last says most about where the search is.
        const auto& known = state_[package].incompatibilities;
        for (std::size_t i = known.size(); i-- > 0 && !conflict;) {
            const IncompatibilityId id = known[i];
            if (contradicted_[id]) {
                continue;
            }
            const PartialSolution::Answer answer = solution_.relation(all_[id]);
            switch (answer.relation) {
                case Relation::satisfied:
                    conflict = id;
                    break;
                case Relation::almost_satisfied:
                    solution_.derive(answer.open, all_[id], id);
                    enqueue(answer.open);
                    mark_contradicted(id);
                    break;
                case Relation::contradicted:
                    mark_contradicted(id);
                    break;
                case Relation::inconclusive:
                    break;
            }
        }
        if (conflict) {
            if (const auto contradiction = resolve_conflict(*conflict)) {
                return contradiction;
            }
        }
    }
    return std::nullopt;
}

/// Learns why `conflict` came about and goes back to where that matters; the lesson then forces a
/// new derivation.
std::optional<IncompatibilityId> Solver::resolve_conflict(IncompatibilityId conflict) {
    ++counts_.conflicts;
    IncompatibilityId current = conflict;
    while (!all_[current].terms.empty()) {
        const PartialSolution::Satisfier satisfier = solution_.satisfier(all_[current], all_);
        if (!satisfier.cause || satisfier.previous_level < satisfier.level) {
            ENVPACK_ASSERT(satisfier.level > 0);
            backtrack(satisfier.previous_level);
            if (current != conflict) {
                list(current);
            }
            solution_.derive(satisfier.package, all_[current], current);
            mark_contradicted(current);
            enqueue(satisfier.package);
            return std::nullopt;
        }
        current = add(resolve_by(all_, current, *satisfier.cause, satisfier.package));
    }
    return current;
}

}  // namespace envpack::resolver
