#pragma once

#include "envpack/base/result.hpp"
#include "envpack/env/cuda_facts.hpp"

#include <string>
#include <string_view>

// The CUDA of a tree for envpack itself to keep, as inventory_record.hpp keeps an inventory.

namespace envpack::env {

/// Compact JSON on one line.
std::string to_record(const CudaFacts& facts);

/// parse_error (rule `inventory.record`) for anything that to_record() does not write.
Result<CudaFacts> parse_cuda_record(std::string_view text);

}  // namespace envpack::env
