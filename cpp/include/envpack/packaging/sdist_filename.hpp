#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/version.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace envpack::packaging {

/// What the file name of a source distribution says (PEP 625), as lenient about old names as
/// packaging.utils.parse_sdist_filename 26.3: `.tar.gz` or `.zip`, the version after the last
/// hyphen. Value; not synchronised.
struct SdistFilename {
    enum class Format : std::uint8_t { tar_gz, zip };

    std::string name;  ///< normalised as PEP 503 says; compare with PackageName::str()
    Version version;
    Format format = Format::tar_gz;

    static Result<SdistFilename> parse(std::string_view filename);
    /// Normalised as PEP 625 says: parse(to_string()) gives the same value.
    std::string to_string() const;
    /// parse_error when no requirement could name this project.
    Result<PackageName> package_name() const;

    friend bool operator==(const SdistFilename&, const SdistFilename&) = default;
};

}  // namespace envpack::packaging
