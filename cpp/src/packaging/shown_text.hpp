#pragma once

#include "envpack/base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace envpack::packaging {

/// A text with URLs in it, and a span of it, without the user and password of any URL: errors are
/// shown, logged and pasted into bug reports.
struct ShownText {
    std::string text;
    std::size_t begin = 0;
    std::size_t end = 0;
};
ShownText shown_text(std::string_view text, std::size_t begin = 0, std::size_t end = 0);

/// `error` with the span [begin, end) of `text`, at least one column wide.
Error with_shown_span(Error error, std::string_view text, std::size_t begin, std::size_t end);

}  // namespace envpack::packaging
