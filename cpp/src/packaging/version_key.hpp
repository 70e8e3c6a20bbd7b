#pragma once

#include "envpack/packaging/version.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace envpack::packaging {

/// The 64 bits by which versions are sorted before anything else is looked at.
///
/// Highest first: 1 bit "the epoch is not 0"; 15, 11, 12 and 9 bits for four release numbers; 3
/// bits for the stage (dev, a, b, rc, final, post); 13 bits for the number of that stage. Where a
/// number does not fit, its field and all below it are filled with ones: the key then still never
/// decreases, but no longer says everything. 2.13.0rc1, 2025.11.12 and 0.0.4095 are exact;
/// 2.3.0+cu121, 1!1.0, 1.0a1.dev2, 20240101.1 and 2.6.0.dev20241112 are not.
class VersionKey {
public:
    explicit VersionKey(std::uint64_t bits) noexcept : bits_(bits) {}
    /// `is_exact` becomes true when the key says everything but the number of trailing zeros.
    static VersionKey of(std::uint64_t epoch, std::span<const std::uint64_t> release,
                         std::optional<PreRelease> pre, std::optional<std::uint64_t> post,
                         std::optional<std::uint64_t> dev, bool has_local, bool& is_exact) noexcept;

    std::uint64_t bits() const noexcept { return bits_; }
    /// Epoch and release alone, in the same manner.
    std::uint64_t release_bits() const noexcept;

    // The parts of an exact key.
    std::uint64_t release_at(std::size_t index) const noexcept;
    std::optional<PreRelease> pre() const noexcept;
    std::optional<std::uint64_t> post() const noexcept;
    std::optional<std::uint64_t> dev() const noexcept;

private:
    std::uint64_t bits_;
};

}  // namespace envpack::packaging
