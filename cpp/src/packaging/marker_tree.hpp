#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/marker.hpp"
#include "envpack/packaging/specifier.hpp"
#include "scanner.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

/// A variable under its underscore name, or a quoted text.
struct MarkerOperand {
    bool is_variable = false;
    std::string text = {};
};

struct MarkerComparison {
    MarkerOperand left = {};
    std::string_view op = {};  ///< a literal: `==`, `not in`, …
    MarkerOperand right = {};
    /// The clause that a version variable on the left is held against, parsed once.
    std::optional<Specifier> specifier = std::nullopt;
};

/// Either one comparison, or two or more terms with a word between each: `and` binds closer.
/// Parentheses are kept as nested nodes, so that a marker prints as it was written.
struct Marker::Node {
    MarkerComparison comparison = {};
    std::vector<Node> terms = {};       ///< empty for a comparison
    std::vector<bool> or_follows = {};  ///< one less than terms: `or` (else `and`) after term i
};

/// PEP 508: these compare as versions where the other side makes a specifier.
bool is_version_variable(std::string_view variable) noexcept;
/// PEP 751: `extras`, `dependency_groups`.
bool is_set_variable(std::string_view variable) noexcept;

/// Reads one marker and the white space around it; the caller looks at what follows.
Result<Marker::Node> parse_marker_node(Scanner& scanner, std::size_t depth = 0);

}  // namespace envpack::packaging
