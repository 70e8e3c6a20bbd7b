#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/env/interpreter.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace envpack::env {

/// Environment variables by name.
using Environment = std::map<std::string, std::string, std::less<>>;

/// Why a folder is on sys.path.
enum class PathOrigin : std::uint8_t { python_path, user_site, site, pth };

/// One folder of sys.path that can hold distributions, with its names, so that no folder is listed
/// twice. Value; not synchronised.
struct SitePath {
    SafePath path;  ///< behind all links
    PathOrigin origin = PathOrigin::site;
    std::vector<std::string> names = {};  ///< sorted bytewise
};

/// sys.path of `python`, in its order, as far as distributions can be there: PYTHONPATH, the site
/// folders of a virtual environment, the user site, the site folders of the base (as Debian and
/// Red Hat patch them), each followed by the folders that its .pth files add. Only folders that
/// exist, each once. Lines of .pth files that begin with `import` are not executed and add nothing.
/// The standard library itself is left out. limit_exceeded (rule site.pth-lines) when .pth files
/// name more folders than anybody has.
/// Source: CPython Lib/site.py; Debian's and Fedora's patches of it.
Result<std::vector<SitePath>> site_paths(const archive::FileTree& tree, const Interpreter& python,
                                         const Environment& environment, const RunContext& run);

/// Where `pip install`, as root, puts packages for an interpreter. Value; not synchronised.
struct InstallFolders {
    SafePath prefix = {};   ///< of commands (`bin`), headers and data: `usr/local`
    SafePath purelib = {};  ///< `usr/local/lib/python3.11/dist-packages` of Debian
    SafePath platlib = {};  ///< another one on Red Hat: `usr/local/lib64/…`
};

/// As sysconfig has them, with Debian's and Red Hat's patches, which keep what pip installs below
/// /usr/local, apart from their own packages. The folders need not exist.
Result<InstallFolders> install_folders(const archive::FileTree& tree, const Interpreter& python);

/// Folders with distributions beside `paths` that nobody sees: below /usr and /usr/local, for the
/// minor version of `python`, and no interpreter among `others` has them. Installing with
/// another `--prefix` than the interpreter's makes such folders.
Result<std::vector<SitePath>> unseen_site_paths(const archive::FileTree& tree,
                                                const Interpreter& python,
                                                const std::vector<SafePath>& others,
                                                const std::vector<SitePath>& paths);

}  // namespace envpack::env
