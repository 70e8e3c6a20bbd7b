#pragma once

#include "envpack/base/result.hpp"
#include "envpack/cuda/cuda_version.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::cuda {

/// What an image demands of the machine, as NVIDIA's container runtime reads it from
/// NVIDIA_REQUIRE_CUDA: `cuda>=12.4 brand=tesla,driver>=470,driver<471`. A space is "or", a comma
/// "and". Value; not synchronised.
/// Source: NVIDIA/libnvidia-container, src/cli/dsl.c.
struct DriverRequirement {
    enum class Subject : std::uint8_t { cuda, driver, arch, brand };
    enum class Comparison : std::uint8_t { equal, not_equal, less, less_equal, more, more_equal };
    struct Term {
        Subject subject = Subject::cuda;
        Comparison comparison = Comparison::equal;
        std::string value = {};
        friend bool operator==(const Term&, const Term&) = default;
    };
    using Alternative = std::vector<Term>;  ///< all of it must hold

    std::vector<Alternative> alternatives = {};  ///< one must hold; none at all: no demand

    /// parse_error for an expression on which the runtime would refuse to start.
    static Result<DriverRequirement> parse(std::string_view text);
    std::string to_string() const;

    /// The smallest CUDA of a driver that is enough by itself, whatever the GPU's brand; none when
    /// no alternative is about CUDA alone.
    std::optional<CudaVersion> least_cuda() const;

    friend bool operator==(const DriverRequirement&, const DriverRequirement&) = default;
};

/// The demands of an image with these variables; all must hold. NVIDIA_REQUIRE_* but for Jetson's,
/// and `cuda>=X.Y` of CUDA_VERSION where NVIDIA_REQUIRE_CUDA is missing; none with
/// NVIDIA_DISABLE_REQUIRE. Source: NVIDIA/nvidia-container-toolkit, internal/config/image.
Result<std::vector<DriverRequirement>> driver_requirements(
    const std::map<std::string, std::string, std::less<>>& environment);

}  // namespace envpack::cuda
