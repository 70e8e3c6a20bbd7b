#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::text {

/// Without spaces, tabs, CR, LF, FF and VT at both ends.
std::string_view trim(std::string_view text) noexcept;
/// ASCII only; other bytes are kept.
std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;
/// Pieces between separators; an empty text is one empty piece.
std::vector<std::string_view> split(std::string_view text, char separator);
/// Pieces between runs of white space; never an empty piece.
std::vector<std::string_view> words(std::string_view text);
/// Lines without their LF or CRLF; a final line end starts no further line.
std::vector<std::string_view> lines(std::string_view text);
std::string join(const std::vector<std::string>& pieces, std::string_view separator);
/// Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF).
bool is_utf8(std::string_view text) noexcept;
/// `text` with every control character and invalid UTF-8 byte as `\xNN`, for messages about
/// foreign input, cut after `max_length` bytes with an ellipsis.
std::string printable(std::string_view text, std::size_t max_length = 200);
/// User and password of a URL with the `@` behind them: [begin, end) of a text.
struct Userinfo {
    std::size_t begin = 0;
    std::size_t end = 0;
};
/// Of the first URL at or after `from` that has any; `git@` counts as none.
std::optional<Userinfo> find_userinfo(std::string_view text, std::size_t from = 0);
/// `http://user:secret@host/` without `user:secret@`; for every URL that is shown or stored. `git@`
/// stays: a URL of ssh does not work without it.
std::string redact_url(std::string_view url);
/// The same for every URL in a text, such as the words of another program.
std::string redact_urls(std::string_view text);
/// `%41` as `A`; nullopt for a malformed escape.
std::optional<std::string> percent_decode(std::string_view text);
/// Everything but unreserved characters (RFC 3986) and those in `keep` as `%XX`.
std::string percent_encode(std::string_view text, std::string_view keep = "");

}  // namespace envpack::text
