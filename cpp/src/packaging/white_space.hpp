#pragma once

#include <cstddef>
#include <string_view>

namespace envpack::packaging {

/// How many bytes the white space character at `at` takes in UTF-8; 0 for none. White space is
/// what `\s` means in a regular expression of Python, which is how packaging reads PEP 440.
std::size_t white_space_at(std::string_view text, std::size_t at) noexcept;

/// Without white space at both ends.
std::string_view trim_white_space(std::string_view text) noexcept;

}  // namespace envpack::packaging
