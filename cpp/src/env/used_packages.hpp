#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/env/interpreter.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/package_files.hpp"
#include "envpack/env/selection.hpp"

#include <cstddef>
#include <vector>

namespace envpack::env {

struct UsedPackages {
    std::vector<bool> packages;  ///< by index
    std::vector<Problem> problems = {};
};

/// The packages that bring what a project imports. `from a import b` asks for module `a.b` first.
Result<UsedPackages> used_packages(const ProjectImports& project, const ModuleOwners& owners,
                                   std::size_t count, const archive::FileTree& tree,
                                   const Interpreter& python);

}  // namespace envpack::env
