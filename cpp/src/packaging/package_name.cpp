#include "envpack/packaging/package_name.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>

namespace envpack::packaging {
namespace {

bool is_alphanumeric(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_separator(char c) noexcept {
    return c == '-' || c == '_' || c == '.';
}

tl::unexpected<Error> not_a_name(std::string_view text, std::size_t offset, std::string_view why) {
    return fail(Error(ErrorCode::parse_error,
                      "`" + text::printable(text) + "` is not a package name: " + std::string(why))
                    .with_span(std::string(text), offset, 1));
}

}  // namespace

// PEP 508: ^([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])$, case ignored.
Result<PackageName> PackageName::parse(std::string_view text) {
    if (text.empty()) {
        return fail(ErrorCode::parse_error, "a package name is empty");
    }
    std::string normalized;
    normalized.reserve(text.size());
    bool after_separator = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (is_separator(c)) {
            if (i == 0 || i + 1 == text.size()) {
                return not_a_name(text, i, "it has to begin and end with a letter or digit");
            }
            after_separator = true;
            continue;
        }
        if (!is_alphanumeric(c)) {
            return not_a_name(text, i, "only letters, digits, `-`, `_` and `.` are allowed");
        }
        if (after_separator) {
            normalized += '-';
            after_separator = false;
        }
        normalized += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return PackageName(std::move(normalized));
}

std::string PackageName::escaped() const {
    std::string escaped = normalized_;
    std::replace(escaped.begin(), escaped.end(), '-', '_');
    return escaped;
}

}  // namespace envpack::packaging
