#pragma once

#include <string>
#include <string_view>

namespace envpack::packaging {

/// PEP 503 for any text, without asking whether it is a name: what packaging.utils.
/// canonicalize_name does to extras in markers and to the names in file names. ASCII only.
inline std::string normalized_name(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        if (c == '-' || c == '_' || c == '.') {
            if (result.empty() || result.back() != '-') {
                result.push_back('-');
            }
        } else {
            result.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
        }
    }
    return result;
}

}  // namespace envpack::packaging
