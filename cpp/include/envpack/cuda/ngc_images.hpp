#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/version.hpp"

#include <optional>
#include <string>
#include <vector>

namespace envpack::cuda {

/// One release of NVIDIA's PyTorch image, from cpp/data/ngc_containers.json, which names its
/// sources. Value; not synchronised.
struct NgcPytorchImage {
    std::string tag;    ///< "24.04"
    std::string image;  ///< "nvcr.io/nvidia/pytorch:24.04-py3"
    /// Public part and commit of its torch, `2.3.0a0+6ddf5cf85e`; the installed one adds `.nv24.4`.
    packaging::Version torch;
    std::string python;     ///< "3.10"
    std::string cuda = {};  ///< "12.4.1"; empty when unknown
};

/// The releases whose torch and Python are known from a source, oldest first. Rows that are only
/// recalled are left out. internal when the table that was compiled in is damaged.
Result<std::vector<NgcPytorchImage>> ngc_pytorch_images();

}  // namespace envpack::cuda
