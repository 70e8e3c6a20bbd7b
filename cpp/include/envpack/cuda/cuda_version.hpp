#pragma once

#include "envpack/base/result.hpp"

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace envpack::cuda {

/// A version of CUDA with two to four parts: `12.4`, `12.4.1`, and `13.1.1.006` as NVIDIA's
/// framework images have it. Value; not synchronised.
struct CudaVersion {
    unsigned major = 0;
    unsigned minor = 0;
    std::optional<unsigned> patch = std::nullopt;
    std::optional<unsigned> build = std::nullopt;

    /// parse_error for anything else, one part alone included: the minor version decides.
    static Result<CudaVersion> parse(std::string_view text);
    std::string to_string() const;      ///< zeros in front are not kept: `13.1.1.6`
    CudaVersion minor_version() const;  ///< major and minor only: what indexes and drivers know

    friend bool operator==(const CudaVersion&, const CudaVersion&) = default;
    friend auto operator<=>(const CudaVersion&, const CudaVersion&) = default;
};

}  // namespace envpack::cuda
