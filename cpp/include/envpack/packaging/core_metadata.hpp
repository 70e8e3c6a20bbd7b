#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/requirement.hpp"
#include "envpack/packaging/specifier_set.hpp"
#include "envpack/packaging/version.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace envpack::packaging {

/// Header fields in their order, names as they are written, values without white space at both
/// ends.
using MetadataHeaders = std::vector<std::pair<std::string, std::string>>;

/// The headers of METADATA, PKG-INFO or WHEEL: RFC 822 as Python's email parser reads it, up to the
/// blank line (or the first line that is no header); the description after it is never looked at.
/// A folded value keeps its line breaks as LF, without the indent of the further lines. Nothing
/// else is checked. limit_exceeded beyond Limits::max_metadata.
Result<MetadataHeaders> parse_metadata_headers(std::string_view text, const Limits& limits = {});
/// The first value of the field, whatever its case; nullptr when absent.
const std::string* find_header(const MetadataHeaders& headers, std::string_view name) noexcept;

/// Core metadata of a distribution (PEP 566, PEP 643), as far as installing depends on it.
/// Value; not synchronised.
struct CoreMetadata {
    PackageName name;
    Version version;
    std::string raw_name = {};     ///< as the field has it
    std::string raw_version = {};  ///< as the field has it
    std::string metadata_version = {};
    std::vector<Requirement> requires_dist = {};
    /// Entries that are no PEP 508 requirement, as they are written. pip from 24.1 on takes no
    /// candidate that has one, but goes on listing such an installed package; so the choice is
    /// the caller's.
    std::vector<std::string> invalid_requires_dist = {};
    std::optional<SpecifierSet> requires_python = std::nullopt;
    /// A Requires-Python that cannot be parsed: ignored, as pip does, and worth a note.
    std::string invalid_requires_python = {};
    std::vector<PackageName> provides_extra = {};  ///< in their order; invalid names left out
    std::vector<std::string> dynamic = {};         ///< PEP 643; matters for sdists
    std::string summary = {};
    std::string license = {};             ///< free text
    std::string license_expression = {};  ///< SPDX (PEP 639)

    /// parse_error without a valid Name and Version; the rest is read leniently, see above.
    static Result<CoreMetadata> parse(std::string_view text, const Limits& limits = {});

    friend bool operator==(const CoreMetadata&, const CoreMetadata&) = default;
};

}  // namespace envpack::packaging
