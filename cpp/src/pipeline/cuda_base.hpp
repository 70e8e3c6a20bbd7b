#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/cuda_facts.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/pipeline/source.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <optional>
#include <string>

namespace envpack::pipeline {

/// A base that was read once for both.
struct CudaBase {
    env::Inventory inventory = {};  ///< empty when the base has no Python
    env::CudaFacts facts = {};
};

struct CudaBaseOptions {
    std::string source;
    std::optional<std::string> python = std::nullopt;  ///< as FreezeOptions::python
    env::InventoryDetail detail = env::InventoryDetail::full;
    bool needs_python = true;  ///< not_found for a base without one
};

/// The CUDA of a source, and its packages as freeze() gives them; of an image both are kept in the
/// user's cache, and taken from there without reading a layer. Errors of opening it.
Result<CudaBase> read_cuda_base(const CudaBaseOptions& options, const UserConfig& user,
                                const RunContext& run);

/// The inventory of an opened source, whole as it is kept. In freeze.cpp.
Result<env::Inventory> inventory_of(const Source& source, const OpenSource& open,
                                    const std::optional<std::string>& python,
                                    env::InventoryDetail detail, const RunContext& run);

}  // namespace envpack::pipeline
