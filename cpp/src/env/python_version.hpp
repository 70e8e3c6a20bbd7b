#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/interpreter.hpp"

#include <optional>
#include <string>
#include <string_view>

// The patch level of a Python that is not started. `python3.11` names only the minor version, so
// it is looked for in files that name all of it.

namespace envpack::env {

/// "3.11.2" for `3.11.2`, `3.11.2+`, `3.11.2.final.0`; "3.13.0rc1" for `3.13.0.candidate.1`; empty
/// for anything else.
std::string clean_python_version(std::string_view text);

/// The version text as an interpreter's program or library holds it: a whole C string that begins
/// with `prefix` ("3.11.").
std::optional<std::string> find_version_string(std::string_view bytes, std::string_view prefix);

/// "3.11.2" from, in this order: include/pythonX.Y/patchlevel.h, the executable, its libpython,
/// the dpkg database. Empty when none of them tells.
Result<std::string> find_full_version(const archive::FileTree& tree, const Interpreter& python,
                                      const RunContext& run);

}  // namespace envpack::env
