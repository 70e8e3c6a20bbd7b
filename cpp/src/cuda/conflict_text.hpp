#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace envpack::cuda {

/// The whole of a conflict, several lines with a final LF: what it is, then what was dropped, each
/// with its reason, then the ways out.
std::string conflict_text(std::string_view headline,
                          const std::vector<std::pair<std::string_view, std::string_view>>& dropped,
                          const std::vector<std::string>& ways_out);

}  // namespace envpack::cuda
