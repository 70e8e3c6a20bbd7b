#pragma once

#include "envpack/base/result.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

/// A line of a requirements file after continuations are joined and comments are gone.
struct LogicalLine {
    std::size_t number = 0;    ///< of its first physical line, from 1
    std::string text = {};     ///< never empty, no white space at both ends
    std::string written = {};  ///< the same before variables were replaced: what may be shown
    std::size_t begin = 0;     ///< its bytes in the text, with comments and line ends
    std::size_t end = 0;
};

/// The steps of pip's "Requirements File Format", in its order: join lines that end with `\`, drop
/// comments (a `#` at the start or after white space), drop empty lines, replace `${NAME}`.
std::vector<LogicalLine> logical_lines(
    std::string_view text,
    const std::function<std::optional<std::string>(std::string_view)>& variable);

}  // namespace envpack::packaging
