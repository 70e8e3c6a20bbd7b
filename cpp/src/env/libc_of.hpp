#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/interpreter.hpp"

#include <string_view>

namespace envpack::env {

/// The C library behind the dynamic loader `program_interpreter` (PT_INTERP of an executable).
/// Name and version are empty and 0 when the tree does not tell.
Result<Libc> find_libc(const archive::FileTree& tree, std::string_view program_interpreter,
                       const RunContext& run);

}  // namespace envpack::env
