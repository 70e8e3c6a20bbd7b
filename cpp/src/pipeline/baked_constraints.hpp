#pragma once

#include "build_base.hpp"
#include "envpack/archive/content.hpp"
#include "envpack/base/result.hpp"
#include "envpack/packaging/package_name.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace envpack::pipeline {

/// Where the constraints file of a built image is; PIP_CONSTRAINT and UV_CONSTRAINT name it.
inline constexpr std::string_view baked_constraints_path = "/etc/envpack/constraints.txt";

/// A package that a build puts onto a base.
struct AddedPackage {
    packaging::PackageName name;
    std::string version;
};

struct BakedConstraints {
    archive::PlannedEntry file;
    std::vector<std::string> notes = {};  ///< where a file of the base wants something else
};

/// One constraints file for the final image: a pin of each package of the base and of `added`, and
/// what only the constraints files of the base say (facts of pip: it joins all files, so two that
/// disagree make every install of that name fail). Installers are left out.
Result<BakedConstraints> bake_constraints(const BuildBase& base,
                                          const std::vector<AddedPackage>& added);

}  // namespace envpack::pipeline
