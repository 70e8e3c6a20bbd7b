#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace envpack::env {

/// As much of Python's tokens as finding imports needs.
struct PythonToken {
    enum class Kind : std::uint8_t { name, text, other, end_of_line };
    Kind kind = Kind::other;
    std::string_view text = {};  ///< of a string: between its quotes, escapes as written
    std::size_t line = 0;
};

/// Tokens of `source`; comments, and ends of lines inside brackets or after a backslash, are left
/// out. Numbers and operators are `other`, one character at a time.
std::vector<PythonToken> python_tokens(std::string_view source);

}  // namespace envpack::env
