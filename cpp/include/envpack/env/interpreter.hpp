#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"

#include <optional>
#include <string>
#include <vector>

// A Python interpreter is described here from the files around it: nothing of a tree is ever
// executed. What cannot be known that way (platform_release, platform_version) stays empty.

namespace envpack::env {

/// The C library that the interpreter is linked with; `name` is "glibc", "musl" or empty.
struct Libc {
    std::string name = {};
    unsigned major = 0;
    unsigned minor = 0;
    std::string to_string() const;  ///< "glibc 2.36"; empty when unknown
    friend bool operator==(const Libc&, const Libc&) = default;
};

/// One CPython of a tree. Value; not synchronised.
struct Interpreter {
    SafePath invoked = {};     ///< as it was found: `opt/venv/bin/python3`; root when there is none
    SafePath executable = {};  ///< the file behind the links; root when it is not in the tree
    SafePath prefix = {};      ///< sys.prefix: the virtual environment, or base_prefix
    SafePath base_prefix = {};  ///< sys.base_prefix: `usr`, `usr/local`, `opt/conda`
    bool has_base = true;       ///< false when the base of a virtual environment is not in the tree
    std::string implementation = "cpython";
    unsigned major = 0;
    unsigned minor = 0;
    std::string full_version = {};  ///< "3.11.2"; "3.11" when the patch level is unknown
    std::string abi_flags = {};     ///< "t" for a free-threaded build, else empty
    bool is_venv = false;
    bool system_site_packages = false;  ///< of a virtual environment
    std::string machine = {};           ///< as platform.machine(): "x86_64"; empty when unknown
    Libc libc = {};

    std::string short_version() const;  ///< "3.11"
    std::string library_name() const;   ///< folder of the standard library: "python3.11"
    friend bool operator==(const Interpreter&, const Interpreter&) = default;
};

/// Where to look. The texts are values of the environment variables that the tree's processes see.
struct InterpreterSearch {
    std::string path = {};         ///< PATH; empty means the default of container engines
    std::string virtual_env = {};  ///< VIRTUAL_ENV; asked after PATH
    /// An executable, or the folder of a virtual environment or prefix: only this one is looked at.
    std::optional<SafePath> python = std::nullopt;
};

struct FoundInterpreters {
    Interpreter chosen;
    std::vector<SafePath> others = {};  ///< further interpreters of PATH, real files, in order
};

/// The first `python3`, else the first `python`, on PATH, as a process of the tree would start it;
/// then that of VIRTUAL_ENV; then the usual places (/usr/local, /usr, /opt/venv, /opt/conda); then
/// what is there under a versioned name only.
/// Scripts in the way (pyenv shims) are passed over. not_found when there is none.
Result<FoundInterpreters> find_interpreter(const archive::FileTree& tree,
                                           const InterpreterSearch& search, const RunContext& run);

}  // namespace envpack::env
