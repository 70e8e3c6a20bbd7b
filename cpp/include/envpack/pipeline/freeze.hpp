#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <optional>
#include <string>

namespace envpack::pipeline {

struct FreezeOptions {
    std::string source = ".";  ///< as Source::parse() reads it
    /// The interpreter or prefix inside an image or root file system; else its PATH decides.
    std::optional<std::string> python = std::nullopt;
    env::InventoryDetail detail = env::InventoryDetail::full;
};

/// The packages installed in a base, read without running any of it. env::constraints_from() and
/// env::to_json() make it a file. The inventory of an image is kept in the cache and taken from
/// there for the same manifest and options, without reading a layer, unless ENVPACK_NO_CACHE is
/// set.
Result<env::Inventory> freeze(const FreezeOptions& options, const UserConfig& user = user_config(),
                              const RunContext& run = {});

}  // namespace envpack::pipeline
