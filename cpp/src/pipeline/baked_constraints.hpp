#pragma once

#include "build_base.hpp"
#include "envpack/base/result.hpp"
#include "planned_files.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace envpack::pipeline {

/// Where the constraints file of a built image is; PIP_CONSTRAINT and UV_CONSTRAINT name it.
inline constexpr std::string_view baked_constraints_path = "/etc/envpack/constraints.txt";
/// Below the root, what that file includes.
inline constexpr std::string_view baked_pins_folder = "etc/envpack/constraints.d/";

/// Adds to `layers` the constraints file of the final image: a pin of each package of the base and
/// of the layers, and what only the constraints files of the base say (facts of pip: it joins all
/// files, so two that disagree make every install of that name fail). Installers are left out. It
/// goes into the layer of the rest, made if there is none; a package with a layer of its own has
/// its pin there, in a file that the other includes, so that its version is in no other layer.
/// Gives notes: where a file of the base wants something else.
Result<std::vector<std::string>> bake_constraints(const BuildBase& base,
                                                  std::vector<PlannedFiles>& layers);

}  // namespace envpack::pipeline
