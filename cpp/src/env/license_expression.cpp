#include "license_expression.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <cstddef>

namespace envpack::env {
namespace {

constexpr std::size_t max_license_expression = 4096;
constexpr std::string_view license_ref = "LicenseRef-";

/// idstring of annex D, with the `+` of «or later».
bool is_license_id(std::string_view word) {
    const bool later = word.ends_with('+');
    const std::string_view id = later ? word.substr(0, word.size() - 1) : word;
    return !id.empty() && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '.';
    });
}

std::vector<std::string> license_tokens(std::string_view text) {
    std::vector<std::string> tokens;
    std::string word;
    const auto end_word = [&] {
        if (!word.empty()) {
            tokens.push_back(std::move(word));
            word.clear();
        }
    };
    for (const char c : text) {
        if (c == '(' || c == ')') {
            end_word();
            tokens.emplace_back(1, c);
        } else if (c == ' ' || c == '\t') {
            end_word();
        } else {
            word += c;
        }
    }
    end_word();
    return tokens;
}

std::string operator_of(const std::string& token) {
    for (const char* const word : {"AND", "OR", "WITH"}) {
        if (text::equals_ignoring_case(token, word)) {
            return word;
        }
    }
    return {};
}

}  // namespace

std::optional<LicenseExpression> LicenseExpression::parse(std::string_view text) {
    if (text.size() > max_license_expression) {
        return std::nullopt;
    }
    LicenseExpression expression;
    std::size_t open = 0;
    enum class After { nothing, license, with, exception, closed } after = After::nothing;
    for (const std::string& token : license_tokens(text)) {
        const std::string word = operator_of(token);
        const bool wants_license = after == After::nothing;
        if (token == "(") {
            if (!wants_license) {
                return std::nullopt;
            }
            ++open;
        } else if (token == ")") {
            if (wants_license || after == After::with || open == 0) {
                return std::nullopt;
            }
            --open;
            after = After::closed;
        } else if (!word.empty()) {
            const bool fits =
                word == "WITH" ? after == After::license : !wants_license && after != After::with;
            if (!fits) {
                return std::nullopt;
            }
            after = word == "WITH" ? After::with : After::nothing;
        } else if ((wants_license || after == After::with) && is_license_id(token)) {
            if (token.starts_with(license_ref)) {
                if (token.size() == license_ref.size() || token.ends_with('+')) {
                    return std::nullopt;
                }
                expression.refs.push_back(token);
            }
            after = wants_license ? After::license : After::exception;
        } else {
            return std::nullopt;
        }
        const bool close_up =
            token == ")" || expression.text.empty() || expression.text.ends_with('(');
        expression.text += (close_up ? "" : " ") + (word.empty() ? token : word);
    }
    if (open != 0 || after == After::nothing || after == After::with) {
        return std::nullopt;
    }
    std::sort(expression.refs.begin(), expression.refs.end());
    const auto same = std::unique(expression.refs.begin(), expression.refs.end());
    expression.refs.erase(same, expression.refs.end());
    return expression;
}

}  // namespace envpack::env
