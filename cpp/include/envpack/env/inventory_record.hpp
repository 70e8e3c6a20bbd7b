#pragma once

#include "envpack/base/result.hpp"
#include "envpack/env/inventory.hpp"

#include <string>
#include <string_view>

// An inventory for envpack itself to keep, whole, unlike the JSON of inventory_output.hpp, which is
// for others and leaves things out. The text is not stable between versions of envpack.

namespace envpack::env {

/// Grows with every change of what the text of a record means, new forms of packages included.
inline constexpr int inventory_record_format = 3;

/// Compact JSON on one line. User and password of a direct URL are left out.
std::string to_record(const Inventory& inventory);

/// parse_error (rule `inventory.record`) for anything that to_record() does not write.
Result<Inventory> parse_record(std::string_view text);

}  // namespace envpack::env
