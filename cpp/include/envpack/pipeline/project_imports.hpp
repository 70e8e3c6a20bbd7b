#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/selection.hpp"

#include <filesystem>

namespace envpack::pipeline {

/// The imports of all `.py` files and notebooks (`.ipynb`) in `project`, a folder or one file.
/// Hidden folders, `__pycache__`, `node_modules` and virtual environments are passed over; so are
/// notebooks that cannot be read, with a note. not_found when there is no such path or no source
/// in it.
Result<env::ProjectImports> read_project_imports(const std::filesystem::path& project,
                                                 const RunContext& run, const Limits& limits = {});

}  // namespace envpack::pipeline
