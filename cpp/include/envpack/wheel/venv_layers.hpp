#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/packaging/package_name.hpp"

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::wheel {

/// The files of one installed distribution, placed for the image. Value; not synchronised.
struct DistributionFiles {
    std::string name = {};     ///< PEP 503 normalised; empty for the group of everything else
    std::string version = {};  ///< as the .dist-info folder spells it
    /// Sorted bytewise by path, each file with its sha256. Parent directories are implied; only
    /// directories that would be empty have entries.
    std::vector<archive::PlannedEntry> entries = {};
    std::vector<std::string> notes = {};  ///< for people: what was left out or points nowhere
};

/// Whether a file or folder called `name`, beside `siblings` (sorted), is byte code that Python
/// makes again or never reads: `__pycache__`, and x.pyc beside x.py, which Python 2 left behind.
/// Alone a .pyc is a module.
bool is_spare_bytecode(std::string_view name, const std::vector<std::string>& siblings);

struct SplitOptions {
    /// Distributions, by normalised name, that the base Python has: their files are left out, but
    /// for those that others list too, and the environment in the image sees the base's packages.
    std::set<packaging::PackageName> of_base = {};
    bool tests = true;  ///< false: folders called `tests` below site-packages are left out
};

/// Takes the virtual environment `venv` on this machine apart, for an image that will have it at
/// `prefix` with `interpreter` (absolute in the image, /usr/bin/python3.11) as its base Python.
/// One group a distribution, by name, through the RECORD files (PEP 376); the last group holds
/// everything else and may be empty.
///
/// Left out: `__pycache__`, .pyc files beside their source, caches (`.cache` and conda's `pkgs` at
/// the top, folders with a CACHEDIR.TAG anywhere below), direct_url.json with a file: URL.
/// Rewritten: pyvenv.cfg, the interpreter links, and the old prefix in script shebangs, activate
/// scripts, .pth files, Jupyter kernel specs and absolute links; then RECORD of each distribution,
/// so that `pip check` and `pip uninstall` find what they expect. Paths elsewhere, such as those
/// compiled into a library, are not searched.
///
/// Fails with not_found when `venv` has no pyvenv.cfg; invalid_argument and rule
/// `venv.symlink-escape` for a link that leaves the environment and is not its interpreter,
/// `venv.special-file` for a device, fifo or socket, `wheel.whiteout-name` for a `.wh.` file.
/// The files must not change before the entries are written; their sha256 tells.
Result<std::vector<DistributionFiles>> split_venv(
    const std::filesystem::path& venv, const SafePath& prefix, const std::string& interpreter,
    const SplitOptions& options = {}, const RunContext& run = {}, const Limits& limits = {});

}  // namespace envpack::wheel
