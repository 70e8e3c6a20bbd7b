#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/tag.hpp"
#include "envpack/packaging/version.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

/// The build tag of a wheel (PEP 427): `1000abc` is {1000, "abc"}. A wheel with a build tag is
/// preferred to one without, which is the order of std::optional. Value; not synchronised.
struct BuildTag {
    std::uint64_t number = 0;
    std::string text = {};
    std::string to_string() const;
    friend auto operator<=>(const BuildTag&, const BuildTag&) = default;
};

/// What the file name of a wheel says (PEP 427), as strict as packaging.utils.parse_wheel_filename
/// 26.3. Value; not synchronised.
struct WheelFilename {
    /// Normalised as PEP 503 says; compare with PackageName::str(). No PackageName, because a wheel
    /// may be named with any word characters (`foo_bár`, `_foo`) while a requirement cannot.
    std::string name;
    Version version;
    std::optional<BuildTag> build = std::nullopt;
    std::vector<Tag> tags = {};  ///< sorted

    /// `filename` is the last segment of a path or URL, decoded.
    static Result<WheelFilename> parse(std::string_view filename);
    /// Normalised: parse(to_string()) gives the same value.
    std::string to_string() const;
    /// parse_error when no requirement could name this project.
    Result<PackageName> package_name() const;

    friend bool operator==(const WheelFilename&, const WheelFilename&) = default;
};

}  // namespace envpack::packaging
