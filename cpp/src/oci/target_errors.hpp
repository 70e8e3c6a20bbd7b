#pragma once

#include "envpack/base/error.hpp"
#include "envpack/oci/descriptor.hpp"

#include <string_view>

namespace envpack::oci {

// The failures that every target words alike.
Error blob_not_found(const Descriptor& descriptor, std::string_view place);
Error pushed_other_content(const Descriptor& expected, std::string_view place);

}  // namespace envpack::oci
