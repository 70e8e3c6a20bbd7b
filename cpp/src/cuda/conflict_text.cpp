#include "conflict_text.hpp"

#include <fmt/format.h>

namespace envpack::cuda {

std::string conflict_text(std::string_view headline,
                          const std::vector<std::pair<std::string_view, std::string_view>>& dropped,
                          const std::vector<std::string>& ways_out) {
    std::string text = fmt::format("{}\n{}", headline, dropped.empty() ? "" : "\n");
    for (const auto& [what, reason] : dropped) {
        text += fmt::format("  {}: {}\n", what, reason);
    }
    text += ways_out.empty() ? "" : "\nways out:\n";
    for (const std::string& way : ways_out) {
        text += fmt::format("  {}\n", way);
    }
    return text;
}

}  // namespace envpack::cuda
