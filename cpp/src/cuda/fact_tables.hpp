#pragma once

#include <string_view>

namespace envpack::cuda {

/// The text of cpp/data/ngc_containers.json, compiled in (cpp/cmake/EnvpackData.cmake).
extern const std::string_view ngc_containers_json;

}  // namespace envpack::cuda
