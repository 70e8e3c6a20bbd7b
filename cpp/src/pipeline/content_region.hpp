#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/byte_region.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"

#include <filesystem>

namespace envpack::pipeline {

/// A planned file, for reading at any place. What lies on this machine as a file is read there;
/// a member of a wheel is inflated once, checked against its CRC-32, and what is too large for
/// memory is kept in `scratch`, without a name, as long as the region lives.
Result<ByteRegion> region_of(const archive::Content& content, const std::filesystem::path& scratch,
                             const RunContext& run);

}  // namespace envpack::pipeline
