#include "describe_interpreter.hpp"

#include "elf_head.hpp"
#include "envpack/base/limits.hpp"
#include "libc_of.hpp"
#include "prefix_layout.hpp"
#include "python_version.hpp"
#include "pyvenv_config.hpp"
#include "tree_text.hpp"

#include <string>
#include <string_view>

namespace envpack::env {
namespace {

constexpr std::string_view config_name = "pyvenv.cfg";

struct Venv {
    SafePath prefix;
    PyvenvConfig config;
};

/// PEP 405: pyvenv.cfg beside the executable as it was invoked, or one folder up.
Result<std::optional<Venv>> find_venv(const archive::FileTree& tree, const SafePath& folder) {
    for (const SafePath& place : {folder, folder.parent()}) {
        ENVPACK_TRY(const auto text,
                    read_if_there(tree, place / config_name, Limits().max_metadata));
        if (text) {
            return std::optional(Venv{place, parse_pyvenv_config(*text)});
        }
    }
    return std::optional<Venv>();
}

void set_version(Interpreter& python, const MinorVersion& version) {
    python.major = version.major;
    python.minor = version.minor;
    python.abi_flags = version.abi_flags;
}

/// The patch level from pyvenv.cfg where it fits, else from the base.
Result<void> set_full_version(Interpreter& python, const archive::FileTree& tree,
                              const std::string& configured, const RunContext& run) {
    if (configured.starts_with(python.short_version() + ".")) {
        python.full_version = configured;
        return {};
    }
    if (python.has_base) {
        ENVPACK_TRY(python.full_version, find_full_version(tree, python, run));
    }
    if (python.full_version.empty()) {
        python.full_version = python.short_version();
    }
    return {};
}

/// A virtual environment or prefix without an executable that could be looked into: its site
/// folder and pyvenv.cfg tell the version.
Result<std::optional<Interpreter>> describe_folder(const archive::FileTree& tree,
                                                   const SafePath& folder, const RunContext& run) {
    Interpreter python{.prefix = folder, .base_prefix = folder, .has_base = false};
    std::string configured;
    ENVPACK_TRY(const auto text, read_if_there(tree, folder / config_name, Limits().max_metadata));
    if (text) {
        const PyvenvConfig config = parse_pyvenv_config(*text);
        python.is_venv = true;
        python.system_site_packages = config.system_site_packages;
        configured = config.version;
    }
    ENVPACK_TRY(auto version, find_site_version(tree, folder));
    if (!version) {
        version = parse_python_name("python" + configured.substr(0, configured.rfind('.')));
    }
    if (!version) {
        return std::optional<Interpreter>();
    }
    set_version(python, *version);
    ENVPACK_CHECK(set_full_version(python, tree, configured, run));
    return std::optional(std::move(python));
}

Error no_python(const SafePath& path) {
    return Error(ErrorCode::not_found, "`" + path.str() +
                                           "` is no Python interpreter, virtual "
                                           "environment or prefix")
        .with_path(path.str())
        .with_hint("a virtual environment has pyvenv.cfg and bin/python, a prefix has bin/python3");
}

}  // namespace

Result<std::optional<SafePath>> find_executable(const archive::FileTree& tree,
                                                const SafePath& path) {
    ENVPACK_TRY(auto target, archive::resolve(tree, path));
    if (!target) {
        return std::optional<SafePath>();
    }
    ENVPACK_TRY(const auto info, tree.lookup(*target));
    if (!info || info->type != archive::FileType::regular || (info->mode & 0111U) == 0) {
        return std::optional<SafePath>();
    }
    ENVPACK_TRY(const auto head, read_elf_head(tree, *target));
    return head ? std::move(target) : std::nullopt;
}

Result<std::optional<Interpreter>> describe_executable(const archive::FileTree& tree,
                                                       const SafePath& invoked,
                                                       const RunContext& run) {
    ENVPACK_TRY(const auto target, find_executable(tree, invoked));
    if (!target) {
        return std::optional<Interpreter>();
    }
    ENVPACK_TRY(const auto head, read_elf_head(tree, *target));
    Interpreter python{.invoked = invoked, .executable = *target, .machine = head->machine};
    ENVPACK_TRY(const auto venv, find_venv(tree, invoked.parent()));

    // The base: where `home` says, for a virtual environment; else where the program is.
    SafePath home = target->parent();
    if (venv && !venv->config.home.empty()) {
        ENVPACK_TRY(const auto folder, find_directory(tree, venv->config.home));
        if (folder) {
            home = *folder;
        }
    }
    auto version = parse_python_name(target->name());
    if (!version) {
        ENVPACK_TRY(version, find_library(tree, home.parent()));
    }
    if (!version && venv) {
        ENVPACK_TRY(version, find_site_version(tree, venv->prefix));
    }
    if (!version) {
        return std::optional<Interpreter>();  // another implementation, or only named like one
    }
    set_version(python, *version);
    ENVPACK_TRY(const auto base, find_prefix(tree, home, *version));
    python.base_prefix = base.value_or(home.parent());
    python.prefix = python.base_prefix;
    std::string configured;
    if (venv) {
        python.is_venv = true;
        python.prefix = venv->prefix;
        python.system_site_packages = venv->config.system_site_packages;
        configured = venv->config.version;
    }
    ENVPACK_CHECK(set_full_version(python, tree, configured, run));
    ENVPACK_TRY(python.libc, find_libc(tree, head->program_interpreter, run));
    return std::optional(std::move(python));
}

Result<Interpreter> describe_named(const archive::FileTree& tree, const SafePath& path,
                                   const RunContext& run) {
    ENVPACK_TRY(const auto info, archive::stat(tree, path));
    ENVPACK_TRY(const auto parent, archive::resolve(tree, path.parent()));
    if (!info || !parent) {
        return fail(no_python(path));
    }
    if (info->type != archive::FileType::directory) {
        ENVPACK_TRY(auto found, describe_executable(tree, *parent / path.name(), run));
        if (!found) {
            return fail(Error(ErrorCode::unsupported, "`" + path.str() + "` is no CPython program")
                            .with_path(path.str())
                            .with_hint("name the interpreter itself, not a script that starts it"));
        }
        return *std::move(found);
    }
    ENVPACK_TRY(const auto folder, archive::resolve(tree, path));
    ENVPACK_TRY(const auto programs, archive::resolve(tree, *folder / "bin"));
    if (programs) {
        for (const std::string_view name : {"python3", "python"}) {
            ENVPACK_TRY(auto found, describe_executable(tree, *programs / name, run));
            if (found) {
                return *std::move(found);
            }
        }
    }
    ENVPACK_TRY(auto found, describe_folder(tree, *folder, run));
    if (!found) {
        return fail(no_python(path));
    }
    return *std::move(found);
}

}  // namespace envpack::env
