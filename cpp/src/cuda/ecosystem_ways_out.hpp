#pragma once

#include "ecosystem_builds.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace envpack::cuda {

/// Changes of the requirement or of the target that give a choice; each is tried.
void add_ways_out(EcosystemConflict& conflict, const packaging::Requirement& asked,
                  const EcosystemQuestion& question, const EcosystemTables& tables);

}  // namespace envpack::cuda
