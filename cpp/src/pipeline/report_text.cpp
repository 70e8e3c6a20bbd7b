#include "report_text.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace envpack::pipeline {

std::string byte_count(std::uint64_t bytes) {
    if (bytes < 1000) {
        return fmt::format("{} B", bytes);
    }
    constexpr std::string_view units = "kMGTPE";
    double value = static_cast<double>(bytes) / 1000;
    std::size_t unit = 0;
    while (value >= 999.5 && unit + 1 < units.size()) {
        value /= 1000;
        ++unit;
    }
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    return fmt::format("{:.{}f} {}B", value, decimals, units[unit]);
}

json::Value digest_or_null(const std::optional<Digest>& digest) {
    return digest ? json::Value(digest->to_string()) : json::Value();
}

std::string bulleted(const std::vector<std::string>& lines, std::size_t limit) {
    std::string result;
    for (std::size_t i = 0; i < std::min(limit, lines.size()); ++i) {
        result += fmt::format("  {}\n", lines[i]);
    }
    if (lines.size() > limit) {
        result += fmt::format("  and {} more\n", lines.size() - limit);
    }
    return result;
}

}  // namespace envpack::pipeline
