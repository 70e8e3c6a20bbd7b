#pragma once

#include "envpack/base/json.hpp"
#include "envpack/env/inventory.hpp"

#include <string>

namespace envpack::env {

/// Where a package came from, as the JSON output says it: `{kind, ...}` with kind unknown-index,
/// cuda-index, conda, vcs, archive or dir.
json::Value source_json(const FrozenPackage& package);

/// The absolute path that a direct URL or an egg-link means, for people; empty when it is none.
std::string source_path(const FrozenPackage& package);

}  // namespace envpack::env
