#include "envpack/base/text.hpp"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

namespace envpack::text {
namespace {

constexpr std::string_view white_space = " \t\r\n\f\v";

char lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex_value(char c) noexcept {
    const char l = lower(c);
    if (l >= '0' && l <= '9') {
        return l - '0';
    }
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// Bytes of the well-formed UTF-8 sequence at the front; 0 when there is none.
std::size_t utf8_length(std::string_view text) noexcept {
    const auto at = [&](std::size_t i) -> std::uint32_t {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto follows = [&](std::size_t i) { return (at(i) & 0xc0U) == 0x80U; };
    const std::uint32_t first = at(0);
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xc2 && first <= 0xdf) {
        return follows(1) ? 2 : 0;
    }
    if (first >= 0xe0 && first <= 0xef) {
        const bool overlong = first == 0xe0 && at(1) < 0xa0;
        const bool surrogate = first == 0xed && at(1) > 0x9f;
        return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool overlong = first == 0xf0 && at(1) < 0x90;
        const bool beyond = first == 0xf4 && at(1) > 0x8f;
        return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
    }
    return 0;
}

}  // namespace

std::string_view trim(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of(white_space);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(white_space) - begin + 1);
}

std::string to_lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(), lower);
    return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return lower(x) == lower(y); });
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> pieces;
    pieces.reserve(static_cast<std::size_t>(std::ranges::count(text, separator)) + 1);
    for (;;) {
        const std::size_t end = text.find(separator);
        pieces.push_back(text.substr(0, end));
        if (end == std::string_view::npos) {
            return pieces;
        }
        text.remove_prefix(end + 1);
    }
}

std::vector<std::string_view> words(std::string_view text) {
    std::vector<std::string_view> pieces;
    for (;;) {
        const std::size_t begin = text.find_first_not_of(white_space);
        if (begin == std::string_view::npos) {
            return pieces;
        }
        text.remove_prefix(begin);
        const std::size_t end = std::min(text.find_first_of(white_space), text.size());
        pieces.push_back(text.substr(0, end));
        text.remove_prefix(end);
    }
}

std::vector<std::string_view> lines(std::string_view text) {
    std::vector<std::string_view> pieces;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        pieces.push_back(line);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return pieces;
}

std::string join(const std::vector<std::string>& pieces, std::string_view separator) {
    std::string out;
    for (const std::string& piece : pieces) {
        if (&piece != &pieces.front()) {
            out += separator;
        }
        out += piece;
    }
    return out;
}

bool is_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) {
            return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

std::string printable(std::string_view text, std::size_t max_length) {
    std::string out;
    while (!text.empty()) {
        if (out.size() >= max_length) {
            return out + "…";
        }
        const std::size_t length = utf8_length(text);
        const auto byte = static_cast<unsigned char>(text.front());
        if (length == 0 || byte < 0x20 || byte == 0x7f) {
            out += fmt::format("\\x{:02x}", byte);
            text.remove_prefix(1);
        } else {
            out += text.substr(0, length);
            text.remove_prefix(length);
        }
    }
    return out;
}

// How one logs in to a forge by ssh: no secret, and the URL does not work without it.
constexpr std::string_view harmless_user = "git";

std::optional<Userinfo> find_userinfo(std::string_view text, std::size_t from) {
    constexpr std::string_view marker = "://";
    for (std::size_t at = text.find(marker, from); at != std::string_view::npos;
         at = text.find(marker, at + 1)) {
        const std::size_t begin = at + marker.size();
        // RFC 3986: the authority ends at one of these; the last `@` in it ends the user part.
        // Quotes may be part of a password: better too much is left out of a text than too little.
        const std::size_t end = std::min(text.find_first_of("/?#\\ \t\r\n", begin), text.size());
        const std::size_t sign = text.substr(begin, end - begin).rfind('@');
        if (sign != std::string_view::npos && text.substr(begin, sign) != harmless_user) {
            return Userinfo{.begin = begin, .end = begin + sign + 1};
        }
    }
    return std::nullopt;
}

std::string redact_urls(std::string_view text) {
    std::string shown(text);
    while (const auto found = find_userinfo(shown)) {
        shown.erase(found->begin, found->end - found->begin);
    }
    return shown;
}

std::string redact_url(std::string_view url) {
    const std::size_t scheme = url.find("://");
    if (scheme == std::string_view::npos) {
        return std::string(url);
    }
    const std::size_t begin = scheme + 3;
    // A secret with a space in it is no URL any more, and a secret all the same.
    const std::size_t end = std::min(url.find_first_of("/?#\\", begin), url.size());
    const std::size_t at = url.substr(begin, end - begin).rfind('@');
    if (at == std::string_view::npos || url.substr(begin, at) == harmless_user) {
        return std::string(url);
    }
    return fmt::format("{}{}", url.substr(0, begin), url.substr(begin + at + 1));
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            return std::nullopt;
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::string percent_encode(std::string_view text, std::string_view keep) {
    std::string out;
    for (const char c : text) {
        const bool letter = lower(c) >= 'a' && lower(c) <= 'z';
        const bool digit = c >= '0' && c <= '9';
        const bool mark = c == '-' || c == '.' || c == '_' || c == '~';
        if (letter || digit || mark || keep.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

}  // namespace envpack::text
