#pragma once

#include "envpack/cuda/index_plan.hpp"
#include "index_candidates.hpp"

#include <optional>
#include <string>
#include <vector>

namespace envpack::cuda {

/// An answer without ways out: those ask again.
struct IndexDecision {
    std::optional<IndexPlan> plan = std::nullopt;
    std::vector<DroppedIndex> dropped = {};
};
IndexDecision decide(const IndexQuestion& question, const PlanTables& tables);

/// "driver 550, V100"
std::string described_target(const IndexQuestion& question);
/// "2.4.0 to 2.6.0"
std::string releases_of(const TorchIndex& index, const PlanTables& tables);

/// The conflict, with the single changes of the question that have an answer.
IndexConflict conflict_of(const IndexQuestion& question, std::vector<DroppedIndex> dropped,
                          const PlanTables& tables);

}  // namespace envpack::cuda
