#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/cuda_facts.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <optional>
#include <string>

namespace envpack::pipeline {

struct CudaBase {
    env::Inventory inventory = {};  ///< names and versions; empty when the base has no Python
    env::CudaFacts facts = {};
};

/// The CUDA of a source, and its packages. Errors of opening it.
Result<CudaBase> read_cuda_base(const std::string& source, const std::optional<std::string>& python,
                                const UserConfig& user, const RunContext& run);

}  // namespace envpack::pipeline
