#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"

#include <compare>
#include <string>
#include <string_view>

namespace envpack {

/// A relative path that cannot leave its root: valid UTF-8 without control characters, segments
/// joined by one `/`, no empty, `.` or `..` segment, no `\`, no trailing `/`. The empty path is the
/// root itself. Ordered bytewise. Value; not synchronised.
class SafePath {
public:
    SafePath() = default;  ///< the root

    /// Strict: anything that is not already in the form above is a parse_error with rule
    /// `path.unsafe`; used for zip and tar members that envpack writes on.
    static Result<SafePath> parse(std::string_view text, const Limits& limits = {});
    /// Lenient about form, strict about escape: drops leading `/`, `./` and doubled `/`, resolves
    /// `..` lexically, refuses what would leave the root. For paths that people type and for
    /// members of foreign layers.
    static Result<SafePath> normalize(std::string_view text, const Limits& limits = {});

    const std::string& str() const noexcept { return text_; }
    bool is_root() const noexcept { return text_.empty(); }
    std::string_view name() const noexcept;    ///< last segment; empty for the root
    std::string_view folder() const noexcept;  ///< parent().str()
    SafePath parent() const;                   ///< the root's parent is the root
    SafePath join(const SafePath& below) const;
    SafePath operator/(std::string_view segment) const;        ///< asserts one plain segment
    bool is_below(const SafePath& ancestor) const noexcept;    ///< strictly
    bool has_prefix(const SafePath& ancestor) const noexcept;  ///< below, or the same

    friend auto operator<=>(const SafePath&, const SafePath&) = default;

private:
    explicit SafePath(std::string text) noexcept : text_(std::move(text)) {}
    std::string text_;
};

}  // namespace envpack

template <>
struct std::hash<envpack::SafePath> {
    std::size_t operator()(const envpack::SafePath& path) const noexcept {
        return std::hash<std::string>{}(path.str());
    }
};
