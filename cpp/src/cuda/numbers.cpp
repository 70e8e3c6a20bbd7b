#include "numbers.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <charconv>

namespace envpack::cuda {

std::optional<std::vector<unsigned>> dotted_numbers(std::string_view text, std::size_t most) {
    constexpr std::size_t max_digits = 9;
    std::vector<unsigned> numbers;
    for (const std::string_view piece : text::split(text, '.')) {
        const bool is_number =
            !piece.empty() && piece.size() <= max_digits &&
            std::all_of(piece.begin(), piece.end(), [](char c) { return c >= '0' && c <= '9'; });
        if (!is_number || numbers.size() == most) {
            return std::nullopt;
        }
        std::from_chars(piece.data(), piece.data() + piece.size(), numbers.emplace_back());
    }
    return numbers;
}

}  // namespace envpack::cuda
