#pragma once

#include "envpack/base/result.hpp"

#include <cstdint>
#include <filesystem>

namespace envpack::oci {

/// Fails early and in words, instead of after gigabytes with ENOSPC.
Result<void> check_free_space(const std::filesystem::path& folder, std::uint64_t needed);

}  // namespace envpack::oci
