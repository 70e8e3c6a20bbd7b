#pragma once

#include "envpack/cuda/ecosystem_plan.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace envpack::cuda {

/// What the local version of an extension of torch says about the torch that it was compiled for:
/// `cu12torch2.5cxx11abiFALSE` of flash-attn, `pt212cu130` of PyG. Value; not synchronised.
struct TorchBuild {
    unsigned torch_major = 0;
    unsigned torch_minor = 0;
    std::optional<unsigned> cuda_major = std::nullopt;  ///< none: without CUDA
    std::optional<bool> cxx11_abi = std::nullopt;       ///< none: not told

    /// nullopt for every other text.
    static std::optional<TorchBuild> of_local(std::string_view local);

    friend bool operator==(const TorchBuild&, const TorchBuild&) = default;
};

/// Whether that torch has the new ABI of C++; none where nobody knows.
std::optional<bool> cxx11_abi_of(const EcosystemTorch& torch);

/// Why an extension cannot be loaded beside that torch; empty when nothing is known against it.
std::string misfit(const TorchBuild& build, const EcosystemTorch& torch);

}  // namespace envpack::cuda
