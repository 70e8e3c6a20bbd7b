#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::env {

/// An SPDX license expression, as written but for operators, which are in capitals (PEP 639 takes
/// any case). Value; not synchronised.
struct LicenseExpression {
    std::string text;
    std::vector<std::string> refs = {};  ///< its `LicenseRef-…`, sorted, each once

    /// nullopt for what the grammar does not allow. Whether the license list has an identifier is
    /// not looked at: the list grows. Source: SPDX specification 2.3, annex D.
    static std::optional<LicenseExpression> parse(std::string_view text);
};

}  // namespace envpack::env
