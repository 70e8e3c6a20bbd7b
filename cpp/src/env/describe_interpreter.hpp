#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/env/interpreter.hpp"

#include <optional>

namespace envpack::env {

/// The ELF file behind the links of `path`; nullopt when there is none (a script, a dead link).
Result<std::optional<SafePath>> find_executable(const archive::FileTree& tree,
                                                const SafePath& path);

/// The interpreter that starts when `invoked` is run; links in its folder are resolved already.
/// nullopt when it is no CPython program. Source: PEP 405; CPython Modules/getpath.py.
Result<std::optional<Interpreter>> describe_executable(const archive::FileTree& tree,
                                                       const SafePath& invoked,
                                                       const RunContext& run);

/// The interpreter that a person named: an executable, or the folder of a virtual environment or
/// prefix. not_found when nothing is there or it is neither; unsupported for a script.
Result<Interpreter> describe_named(const archive::FileTree& tree, const SafePath& path,
                                   const RunContext& run);

}  // namespace envpack::env
