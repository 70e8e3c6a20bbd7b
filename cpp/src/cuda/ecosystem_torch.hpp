#pragma once

#include "ecosystem_builds.hpp"

#include <optional>

namespace envpack::cuda {

/// As plan_ecosystem(), without ways out.
std::optional<EcosystemAnswer> decide_ecosystem(const packaging::Requirement& asked,
                                                const EcosystemQuestion& question,
                                                const EcosystemTables& tables);

// The schemes that depend on torch instead of on CUDA alone.
EcosystemAnswer plan_torch_page(const EcosystemFamily& family, const packaging::Requirement& asked,
                                const EcosystemQuestion& question);
EcosystemAnswer plan_torch_pin(const EcosystemFamily& family, const packaging::Requirement& asked,
                               const EcosystemQuestion& question);
EcosystemAnswer plan_torch_wheel(const EcosystemFamily& family, const packaging::Requirement& asked,
                                 const EcosystemQuestion& question);

}  // namespace envpack::cuda
