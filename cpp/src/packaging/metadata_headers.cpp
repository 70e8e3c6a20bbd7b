// RFC 822 headers as Python's email.feedparser reads them, which is what wrote and reads METADATA.
#include "envpack/base/text.hpp"
#include "envpack/packaging/core_metadata.hpp"

#include <algorithm>

namespace envpack::packaging {
namespace {

// The colon of "Name: value"; npos where the line is no header. RFC 822: printable ASCII.
std::size_t find_colon(std::string_view line) noexcept {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
        return colon;
    }
    const std::string_view name = line.substr(0, colon);
    const bool printable =
        std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
    return printable ? colon : std::string_view::npos;
}

}  // namespace

Result<MetadataHeaders> parse_metadata_headers(std::string_view text, const Limits& limits) {
    if (text.size() > limits.max_metadata) {
        return fail(ErrorCode::limit_exceeded, "metadata of " + std::to_string(text.size()) +
                                                   " bytes is over the limit of " +
                                                   std::to_string(limits.max_metadata));
    }
    if (text.starts_with("\xEF\xBB\xBF")) {
        text.remove_prefix(3);
    }
    MetadataHeaders headers;
    bool in_field = false;  // a continuation without a field before it is dropped
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (line.empty()) {
            break;
        }
        if (line.front() == ' ' || line.front() == '\t') {
            if (in_field) {
                headers.back().second.append("\n").append(text::trim(line));
            }
            continue;
        }
        const std::size_t colon = find_colon(line);
        if (colon == std::string_view::npos) {
            break;
        }
        in_field = colon != 0;  // a field without a name is dropped
        if (!in_field) {
            continue;
        }
        headers.emplace_back(line.substr(0, colon), text::trim(line.substr(colon + 1)));
    }
    for (auto& [name, value] : headers) {
        value = text::trim(value);
    }
    return headers;
}

const std::string* find_header(const MetadataHeaders& headers, std::string_view name) noexcept {
    const auto found = std::find_if(headers.begin(), headers.end(), [name](const auto& header) {
        return text::equals_ignoring_case(header.first, name);
    });
    return found == headers.end() ? nullptr : &found->second;
}

}  // namespace envpack::packaging
