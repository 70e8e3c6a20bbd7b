#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/json.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// How reports of images are worded.

namespace envpack::pipeline {

/// "812 B", "1.40 kB", "23.5 GB": three digits, powers of 1000.
std::string byte_count(std::uint64_t bytes);

/// As every report writes the digest of an image.
json::Value digest_or_null(const std::optional<Digest>& digest);

/// Each line after "  ", the first `limit` of them, then how many more there are.
std::string bulleted(const std::vector<std::string>& lines, std::size_t limit);

}  // namespace envpack::pipeline
