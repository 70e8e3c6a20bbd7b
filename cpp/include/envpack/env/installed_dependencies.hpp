#pragma once

#include "envpack/env/inventory.hpp"

#include <cstddef>
#include <vector>

namespace envpack::env {

/// A requirement of an installed package that holds here: its marker is true for the interpreter
/// and no extra.
struct InstalledDependency {
    std::size_t from = 0;  ///< index into Inventory::packages
    const packaging::Requirement* requirement = nullptr;
    std::optional<std::size_t> to = std::nullopt;  ///< none when it is not installed
};

/// Every such requirement, in the order of the packages. Needs InventoryDetail::full. The pointers
/// live as long as `inventory`.
std::vector<InstalledDependency> installed_dependencies(const Inventory& inventory);

/// The packages of `roots` and all that they need, directly or not. Both are sets by index.
std::vector<bool> with_dependencies(const Inventory& inventory, std::vector<bool> roots);

/// What `pip check` would say of the base: requirements that are missing or not fulfilled, each
/// one a Problem (`missing-requirement`, `unfulfilled-requirement`), by package.
std::vector<Problem> check_dependencies(const Inventory& inventory);

}  // namespace envpack::env
