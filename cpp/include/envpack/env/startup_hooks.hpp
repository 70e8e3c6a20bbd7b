#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/env/interpreter.hpp"
#include "envpack/env/site_packages.hpp"

#include <string>
#include <vector>

namespace envpack::env {

/// A file that takes part in every start of an interpreter. Value; not synchronised.
struct StartupHook {
    /// `pth`: adds folders to sys.path; `pth-code`: runs code too, or is too long to tell;
    /// `sitecustomize`, `usercustomize`: is imported.
    std::string kind;
    std::string path;
    friend bool operator==(const StartupHook&, const StartupHook&) = default;
};

/// Those that `python` finds on `paths`, its sys.path, and in its standard library, by path. What
/// is not a regular file in the end is none. Nothing of them is run.
/// Source: CPython Lib/site.py.
Result<std::vector<StartupHook>> startup_hooks(const archive::FileTree& tree,
                                               const Interpreter& python,
                                               const std::vector<SitePath>& paths);

}  // namespace envpack::env
