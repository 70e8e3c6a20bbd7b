#include "used_packages.hpp"

#include "envpack/base/text.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

namespace envpack::env {
namespace {

/// Modules that can be part of the interpreter's program and then have no file (sys.builtin_module_
/// names of the CPythons of Debian, python.org and conda).
constexpr std::array<std::string_view, 34> built_in = {
    "array",        "atexit",    "audioop",     "binascii", "builtins",  "cmath",     "errno",
    "faulthandler", "fcntl",     "gc",          "grp",      "itertools", "marshal",   "math",
    "mmap",         "nis",       "ossaudiodev", "posix",    "pwd",       "pyexpat",   "readline",
    "resource",     "select",    "spwd",        "sys",      "syslog",    "termios",   "time",
    "unicodedata",  "xxlimited", "xxsubtype",   "zlib",     "__main__",  "__future__"};

/// Whether the standard library has the top-level module.
class StandardLibrary {
public:
    StandardLibrary(const archive::FileTree& tree, const Interpreter& python)
        : tree_(tree),
          folders_{python.base_prefix / "lib" / python.library_name(),
                   python.base_prefix / "lib64" / python.library_name()} {}

    Result<bool> has(std::string_view module) {
        const auto [place, is_new] = known_.try_emplace(std::string(module), false);
        if (is_new) {
            ENVPACK_TRY(place->second, look_for(place->first));
        }
        return place->second;
    }

private:
    Result<bool> look_for(const std::string& module) {
        if (module.starts_with('_') ||
            std::find(built_in.begin(), built_in.end(), module) != built_in.end()) {
            return true;
        }
        for (const SafePath& folder : folders_) {
            for (const std::string& name : {module + ".py", module}) {
                ENVPACK_TRY(const auto info, archive::stat(tree_, folder / name));
                if (info) {
                    return true;
                }
            }
            const auto dynamic = tree_.list(folder / "lib-dynload");
            if (dynamic && std::any_of(dynamic->begin(), dynamic->end(), [&](const auto& name) {
                    return name.starts_with(module + '.');
                })) {
                return true;
            }
        }
        return false;
    }

    const archive::FileTree& tree_;
    std::array<SafePath, 2> folders_;
    std::map<std::string, bool> known_;
};

std::vector<std::size_t> owners_of(const ModuleOwners& owners, const PythonImport& import) {
    if (import.names.empty()) {
        return owners.owners(import.module);
    }
    std::vector<std::size_t> all;
    for (const std::string& name : import.names) {
        const auto some = owners.owners(import.module + '.' + name);
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

}  // namespace

Result<UsedPackages> used_packages(const ProjectImports& project, const ModuleOwners& owners,
                                   std::size_t count, const archive::FileTree& tree,
                                   const Interpreter& python) {
    UsedPackages used{.packages = std::vector<bool>(count)};
    StandardLibrary library(tree, python);
    std::map<std::string, std::string> unknown;  // module → where it is imported first
    for (const ProjectImports::File& file : project.files) {
        for (const PythonImport& import : file.imports) {
            const std::string top = import.module.substr(0, import.module.find('.'));
            if (std::binary_search(project.own.begin(), project.own.end(), top)) {
                continue;
            }
            const std::vector<std::size_t> found = owners_of(owners, import);
            for (const std::size_t package : found) {
                used.packages[package] = true;
            }
            if (found.empty()) {
                ENVPACK_TRY(const bool standard, library.has(top));
                if (!standard) {
                    unknown.try_emplace(top, file.path + ':' + std::to_string(import.line));
                }
            }
        }
    }
    for (const auto& [module, place] : unknown) {
        used.problems.push_back({"unknown-import", "`" + text::printable(module) +
                                                       "`, imported at " + text::printable(place) +
                                                       ", is of no installed package"});
    }
    return used;
}

}  // namespace envpack::env
