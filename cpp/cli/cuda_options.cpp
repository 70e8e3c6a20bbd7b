#include "cuda_options.hpp"

#include <CLI/CLI.hpp>

namespace envpack::cli {

void add_cuda_options(CLI::App& verb, pipeline::CudaOptions& options) {
    const auto group = "Where it will run (this machine is not asked)";
    verb.add_option("--cuda", options.cuda,
                    "CUDA of the toolkit; `auto`: that of the base; `cpu`: wheels without CUDA")
        ->type_name("auto|X.Y|cpu")
        ->group(group);
    verb.add_option("--gpu", options.gpus, "GPUs that must work: H100, sm_90, 9.0, …")
        ->type_name("LIST")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->group(group);
    verb.add_option("--driver", options.driver, "Driver: a version or its branch, such as 550")
        ->type_name("VERSION")
        ->group(group);
    verb.add_option("--torch-index", options.torch_index,
                    "Mirror of PyTorch's indexes, without the suffix (ENVPACK_TORCH_INDEX)")
        ->type_name("URL")
        ->group(group);
    verb.add_flag("--allow-other-major", options.allow_other_major,
                  "Also wheels for another major version than the toolkit's")
        ->group(group);
}

}  // namespace envpack::cli
