#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace envpack::toml {

/// A TOML 1.0 document as a json::Value: tables become objects with their keys sorted, dates and
/// times become RFC 3339 texts. parse_error with line and column in the message; limit_exceeded for
/// nesting beyond `max_depth`.
Result<json::Value> parse(std::string_view text, std::size_t max_depth = 64);

/// `text` as a basic string with its quotes, every character escaped that TOML 1.0 requires.
std::string quote(std::string_view text);

}  // namespace envpack::toml
