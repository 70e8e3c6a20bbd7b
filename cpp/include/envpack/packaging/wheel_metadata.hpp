#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/packaging/tag.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

/// The file WHEEL of a wheel (PEP 427, PEP 491). Value; not synchronised.
struct WheelMetadata {
    unsigned major = 1;  ///< Wheel-Version
    unsigned minor = 0;
    std::string generator = {};
    bool root_is_purelib = false;  ///< absent counts as false, as in pip
    std::vector<Tag> tags = {};    ///< sorted; entries that are no tag are left out
    std::string build = {};        ///< as written; empty when absent

    /// parse_error (wheel.version) without a valid Wheel-Version; unsupported (wheel.version) for
    /// a major version above 1. A newer minor version is fine (PEP 427).
    static Result<WheelMetadata> parse(std::string_view text, const Limits& limits = {});
    std::string to_string() const;

    friend bool operator==(const WheelMetadata&, const WheelMetadata&) = default;
};

}  // namespace envpack::packaging
