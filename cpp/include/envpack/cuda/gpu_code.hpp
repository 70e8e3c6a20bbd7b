#pragma once

#include "envpack/base/result.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace envpack::cuda {

/// What a GPU can do, in NVIDIA's numbering: 9.0 for an H100. Value; not synchronised.
struct ComputeCapability {
    unsigned major = 0;
    unsigned minor = 0;

    static Result<ComputeCapability> parse(std::string_view text);  ///< `9.0`
    std::string to_string() const;

    friend auto operator<=>(const ComputeCapability&, const ComputeCapability&) = default;
};

/// What code in a binary is for, as nvcc names it: `sm_90`, `sm_90a`, `compute_120f`.
/// Value; not synchronised.
struct GpuCode {
    /// Of the target: `none` is upwards compatible, `architecture` (`a`) runs on that compute
    /// capability alone, `family` (`f`, from CUDA 12.9 on) within its family.
    enum class Suffix : std::uint8_t { none, architecture, family };

    bool is_ptx = false;  ///< `compute_`: compiled by the driver at first use; else machine code
    ComputeCapability capability = {};
    Suffix suffix = Suffix::none;

    static Result<GpuCode> parse(std::string_view text);
    std::string to_string() const;

    friend auto operator<=>(const GpuCode&, const GpuCode&) = default;
};

}  // namespace envpack::cuda
