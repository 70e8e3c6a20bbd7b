#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace envpack::cuda {

/// The numbers of `12.4.1`, at most `most` of them and each below 10^9; none for another text.
std::optional<std::vector<unsigned>> dotted_numbers(std::string_view text, std::size_t most);

}  // namespace envpack::cuda
