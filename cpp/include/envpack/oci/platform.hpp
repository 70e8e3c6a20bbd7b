#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::oci {

/// What an image runs on, in GOOS and GOARCH words. Source: image-spec, image-index.md.
/// Value; not synchronised.
struct Platform {
    std::string os = "linux";
    std::string architecture = "amd64";
    std::string variant = {};     ///< "v8" for arm64, empty when none
    std::string os_version = {};  ///< Windows only
    std::vector<std::string> os_features = {};

    /// "linux/amd64", "linux/arm/v7": what people type after --platform.
    static Result<Platform> parse(std::string_view text);
    /// As parse() reads it; os_version and os_features are not part of it.
    std::string to_string() const;

    static Result<Platform> from_json(const json::Value& value);
    json::Value to_json() const;

    friend auto operator<=>(const Platform&, const Platform&) = default;
};

/// Whether an image for `offered` is what somebody who asked for `wanted` means: same os and
/// architecture, and the same variant where one was asked for ("arm64" means "arm64/v8").
bool satisfies(const Platform& offered, const Platform& wanted) noexcept;

}  // namespace envpack::oci
