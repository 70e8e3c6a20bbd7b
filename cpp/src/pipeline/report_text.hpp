#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// How reports of images are worded for people.

namespace envpack::pipeline {

/// "812 B", "1.40 kB", "23.5 GB": three digits, powers of 1000.
std::string byte_count(std::uint64_t bytes);

/// Each line after "  ", the first `limit` of them, then how many more there are.
std::string bulleted(const std::vector<std::string>& lines, std::size_t limit);

}  // namespace envpack::pipeline
