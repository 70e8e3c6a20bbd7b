#include "white_space.hpp"

namespace envpack::packaging {

std::size_t white_space_at(std::string_view text, std::size_t at) noexcept {
    const auto byte = [text](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const unsigned first = byte(at);
    if (first < 0x80) {
        return first == ' ' || (first >= 0x09 && first <= 0x0d) || (first >= 0x1c && first <= 0x1f);
    }
    const unsigned second = byte(at + 1);
    if (first == 0xc2) {  // U+0085, U+00A0
        return second == 0x85 || second == 0xa0 ? 2 : 0;
    }
    const unsigned third = byte(at + 2);
    const bool is_space =
        (first == 0xe1 && second == 0x9a && third == 0x80) ||                     // U+1680
        (first == 0xe2 && second == 0x80 && third >= 0x80 && third <= 0x8a) ||    // U+2000-200A
        (first == 0xe2 && second == 0x80 && (third == 0xa8 || third == 0xa9)) ||  // U+2028, 2029
        (first == 0xe2 && second == 0x80 && third == 0xaf) ||                     // U+202F
        (first == 0xe2 && second == 0x81 && third == 0x9f) ||                     // U+205F
        (first == 0xe3 && second == 0x80 && third == 0x80);                       // U+3000
    return is_space ? 3 : 0;
}

std::string_view trim_white_space(std::string_view text) noexcept {
    while (const std::size_t size = white_space_at(text, 0)) {
        text.remove_prefix(size);
    }
    const auto trailing = [&text]() -> std::size_t {
        for (std::size_t size = 1; size <= 3 && size <= text.size(); ++size) {
            if (white_space_at(text, text.size() - size) == size) {
                return size;
            }
        }
        return 0;
    };
    while (const std::size_t size = trailing()) {
        text.remove_suffix(size);
    }
    return text;
}

}  // namespace envpack::packaging
