#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/version.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

/// What the scanner finds in a text: VersionParts without an allocation for the release of all
/// but the oddest versions. Value; not synchronised.
struct VersionFields {
    std::uint64_t epoch = 0;
    std::array<std::uint64_t, 8> inline_release = {};
    std::vector<std::uint64_t> long_release = {};  ///< all numbers, when there are more than 8
    std::size_t release_size = 0;
    std::optional<PreRelease> pre = std::nullopt;
    std::optional<std::uint64_t> post = std::nullopt;
    std::optional<std::uint64_t> dev = std::nullopt;
    std::string local = {};

    void add_release(std::uint64_t number);
    std::span<const std::uint64_t> release() const noexcept;
};

/// The grammar of PEP 440, appendix B; `text` has no white space around it.
Result<VersionFields> scan_version(std::string_view text);

}  // namespace envpack::packaging
