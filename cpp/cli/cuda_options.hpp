#pragma once

#include "envpack/pipeline/index_url.hpp"

namespace CLI {
class App;
}

namespace envpack::cli {

/// What verbs are told about the target's CUDA, GPUs and driver.
void add_cuda_options(CLI::App& verb, pipeline::CudaOptions& options);

}  // namespace envpack::cli
