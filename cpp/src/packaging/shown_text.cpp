#include "shown_text.hpp"

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
    constexpr std::string_view marker = "://";
    for (std::size_t at = shown.text.find(marker); at != std::string::npos;
         at = shown.text.find(marker, at + 1)) {
        const std::size_t from = at + marker.size();
        // RFC 3986: the authority ends at one of these; the last `@` in it ends the user part.
        const std::size_t stop =
            std::min(shown.text.find_first_of("/?# \t\"'", from), shown.text.size());
        const std::size_t sign = std::string_view(shown.text).substr(0, stop).rfind('@');
        // `git@` is how one logs in to a forge by ssh: no secret, and the URL fails without it.
        if (sign == std::string::npos || sign < from ||
            shown.text.substr(from, sign - from) == "git") {
            continue;
        }
        shown.text.erase(from, sign + 1 - from);
        shown.begin = moved(shown.begin, from, sign + 1);
        shown.end = moved(shown.end, from, sign + 1);
    }
    return shown;
}

Error with_shown_span(Error error, std::string_view text, std::size_t begin, std::size_t end) {
    ShownText shown = shown_text(text, begin, end);
    const std::size_t length = std::max<std::size_t>(shown.end - shown.begin, 1);
    return std::move(error).with_span(std::move(shown.text), shown.begin, length);
}

}  // namespace envpack::packaging
