#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/package_name.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace envpack::packaging {

/// The variables of PEP 508 for one target: `python_version`, `sys_platform`, … under their
/// underscore names. A key `extra` is the extra in use when evaluate() is given none.
/// Value; not synchronised.
struct MarkerEnvironment {
    std::map<std::string, std::string, std::less<>> values = {};
    friend bool operator==(const MarkerEnvironment&, const MarkerEnvironment&) = default;
};

/// A condition on the environment (PEP 508), such as `python_version < "3.11" and os_name ==
/// "posix"`. Immutable and cheap to copy. Thread-safe.
///
/// Follows `packaging` 26, with these differences, all for input that nobody writes on purpose:
///  - what `packaging` raises on while evaluating (a comparison that is not defined, a variable
///    that is not set) is false here, because metadata of a stranger must not stop a solve;
///  - two variables are compared by their values;
///  - a backslash in a quoted text is a backslash (PEP 508 has no escapes).
class Marker {
public:
    /// parse_error with the span of the offending piece. limit_exceeded for parentheses nested
    /// deeper than 64.
    static Result<Marker> parse(std::string_view text);

    /// True when it holds for one of `extras`; with no extras, when it holds for the extra "".
    /// `"x" in extras` and `"x" in dependency_groups` (PEP 751) look into the two lists.
    bool evaluate(const MarkerEnvironment& environment, std::span<const PackageName> extras = {},
                  std::span<const PackageName> dependency_groups = {}) const;
    /// As evaluate() with one extra, or with none for nullptr.
    bool evaluate_with_extra(const MarkerEnvironment& environment, const PackageName* extra) const;

    /// Whether `extra` or `extras` occurs, so that the answer can depend on the chosen extras.
    bool mentions_extra() const noexcept;

    /// As `str(packaging.markers.Marker)`: double quotes where possible, one space between words,
    /// only the parentheses that are needed or were written around several terms.
    std::string to_string() const;

    friend bool operator==(const Marker& a, const Marker& b);

    struct Node;  ///< private to the library's sources
    explicit Marker(std::shared_ptr<const Node> root) noexcept;

private:
    std::shared_ptr<const Node> root_;
};

}  // namespace envpack::packaging
