#pragma once

#include "envpack/cuda/driver_table.hpp"
#include "envpack/cuda/gpu_table.hpp"
#include "envpack/cuda/index_plan.hpp"
#include "envpack/cuda/torch_matrix.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace envpack::cuda {

/// All that a plan is made from.
struct PlanTables {
    TorchMatrix torch;
    DriverTable drivers;
    GpuTable gpus;

    static Result<PlanTables> load();
};

/// One index for one release of torch: whether it can be taken, and what speaks against it.
struct IndexCandidate {
    enum class Fault : std::uint8_t { none, file, build, driver, gpu, major };

    const TorchIndex* index = nullptr;
    Fault fault = Fault::none;
    std::string reason = {};              ///< empty without a fault
    bool is_reduced = false;              ///< runs by minor-version compatibility
    std::vector<std::string> notes = {};  ///< for the one that is taken
};

/// The version that the wheel of `suffix` has: `2.6.0+cu124`.
packaging::Version wheel_version(const packaging::Version& torch, std::string_view suffix);

/// The indexes that have `release`, by CUDA: steps 1 to 3, and the major version of step 4.
std::vector<IndexCandidate> index_candidates(const TorchRelease& release,
                                             const IndexQuestion& question,
                                             const PlanTables& tables);

/// Why torch cannot be had for the Python of the question; empty when it can, or nobody knows.
std::string python_fault(const TorchRelease& release, const IndexQuestion& question);

}  // namespace envpack::cuda
