#pragma once

#include "envpack/base/result.hpp"

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace envpack::packaging {

/// The name of a project or of an extra, normalised by construction (PEP 503: lower case, runs of
/// `-`, `_` and `.` as one `-`), so that nobody compares spellings. Value; not synchronised.
class PackageName {
public:
    /// parse_error unless `text` is an identifier of PEP 508: ASCII letters, digits, `-`, `_`,
    /// `.`, with a letter or digit at both ends. White space around it is not accepted.
    static Result<PackageName> parse(std::string_view text);

    /// The normalised spelling: `my-pkg` for `My_Pkg`.
    std::string_view str() const noexcept { return normalized_; }
    std::string to_string() const { return normalized_; }
    /// As in the file names of wheels and sdists (PEP 427, PEP 625): `my_pkg`.
    std::string escaped() const;

    friend bool operator==(const PackageName&, const PackageName&) = default;
    friend auto operator<=>(const PackageName&, const PackageName&) = default;

private:
    explicit PackageName(std::string normalized) noexcept : normalized_(std::move(normalized)) {}
    std::string normalized_;
};

}  // namespace envpack::packaging

template <>
struct std::hash<envpack::packaging::PackageName> {
    std::size_t operator()(const envpack::packaging::PackageName& name) const noexcept {
        return std::hash<std::string_view>{}(name.str());
    }
};
