#pragma once

#include <string_view>

namespace envpack::cuda {

// The texts of cpp/data/<name>.json, compiled in (cpp/cmake/EnvpackData.cmake).
extern const std::string_view cuda_driver_json;
extern const std::string_view ecosystems_json;
extern const std::string_view gpu_compute_capability_json;
extern const std::string_view ngc_containers_json;
extern const std::string_view ptx_isa_json;
extern const std::string_view pytorch_index_packages_json;
extern const std::string_view torch_arches_json;
extern const std::string_view torch_cuda_json;
extern const std::string_view torch_family_json;

}  // namespace envpack::cuda
