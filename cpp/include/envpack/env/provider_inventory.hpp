#pragma once

#include "envpack/env/inventory.hpp"
#include "envpack/env/package_provider.hpp"

#include <string_view>
#include <vector>

namespace envpack::env {

/// The packages of an inventory (taken with InventoryDetail::full) as what a base provides, each
/// with its origin: "BASE, layer 3, installed by pip". `base` names it to people: "base image".
std::vector<Provided> provided_from(const Inventory& inventory, std::string_view base);

}  // namespace envpack::env
