#include "shown_text.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <utility>

namespace envpack::packaging {
namespace {

// Where `position` goes when [begin, end) is cut out.
std::size_t moved(std::size_t position, std::size_t begin, std::size_t end) noexcept {
    return position <= begin ? position : position - (std::min(position, end) - begin);
}

}  // namespace

ShownText shown_text(std::string_view text, std::size_t begin, std::size_t end) {
    ShownText shown{.text = std::string(text), .begin = begin, .end = end};
    while (const auto user = text::find_userinfo(shown.text)) {
        shown.text.erase(user->begin, user->end - user->begin);
        shown.begin = moved(shown.begin, user->begin, user->end);
        shown.end = moved(shown.end, user->begin, user->end);
    }
    return shown;
}

Error with_shown_span(Error error, std::string_view text, std::size_t begin, std::size_t end) {
    ShownText shown = shown_text(text, begin, end);
    const std::size_t length = std::max<std::size_t>(shown.end - shown.begin, 1);
    return std::move(error).with_span(std::move(shown.text), shown.begin, length);
}

}  // namespace envpack::packaging
