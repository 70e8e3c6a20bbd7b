#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/marker.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/specifier_set.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

/// A dependency specifier (PEP 508): `name[extra]>=1.0; marker` or `name @ url`.
/// Value; not synchronised.
struct Requirement {
    PackageName name;
    std::vector<PackageName> extras = {};  ///< sorted, no duplicates
    SpecifierSet specifiers = {};          ///< empty: any version
    std::string url = {};                  ///< empty: from an index
    std::optional<Marker> marker = std::nullopt;

    /// parse_error with the span of the offending piece, and a hint for the usual slips
    /// (`foo=1.0`, `foo 1.0`, `-r file`, a path, a missing comma).
    static Result<Requirement> parse(std::string_view text);
    /// As `str(packaging.requirements.Requirement)`, but with normalised names.
    std::string to_string() const;

    friend bool operator==(const Requirement&, const Requirement&) = default;
};

}  // namespace envpack::packaging
