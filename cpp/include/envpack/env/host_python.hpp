#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace envpack::env {

/// Which Python of this machine is meant.
struct HostPythonSearch {
    /// An executable, or the folder of a virtual environment or prefix; empty: the one in use,
    /// which is the first `python3`, else `python`, on `path`, else that of `virtual_env`.
    std::filesystem::path python = {};
    std::string path = {};         ///< PATH of the calling process
    std::string virtual_env = {};  ///< VIRTUAL_ENV of the calling process
};

/// A Python of this machine as InventoryOptions::python wants it: a path below `/`.
/// Files are looked at first. Where PATH leads to a script (a shim of a version chooser), that
/// script is asked for the interpreter behind it, isolated (`-I`); this is the only place where
/// envpack starts a Python, and only one that the user's own PATH names. `root` is the tree of
/// this machine's `/`.
Result<SafePath> find_host_python(const archive::FileTree& root, const HostPythonSearch& search,
                                  const RunContext& run);

}  // namespace envpack::env
