#pragma once

#include "envpack/archive/folder_change.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/pipeline/startup_hook.hpp"
#include "envpack/pipeline/user_config.hpp"
#include "envpack/pipeline/user_indexes.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace envpack::pipeline {

struct InstallOptions {
    std::filesystem::path lock = "pylock.toml";
    /// A virtual environment, or the prefix of a Python; a virtual environment is made where there
    /// is nothing.
    std::filesystem::path prefix = {};
    /// Of a new environment: an interpreter, or the folder of one. None: the one in use.
    std::optional<std::string> python = std::nullopt;
    bool system_site_packages = false;  ///< a new environment sees the packages of its Python
    bool exact = false;                 ///< remove what the lock does not have
    bool reinstall = false;             ///< also what is there in the right version
    archive::LinkMode link_mode = archive::LinkMode::automatic;
    bool no_build = false;  ///< packages of the lock without a wheel are an error
    IndexOptions indexes = {};
};

/// A distribution that was put into an environment, or taken out of it.
struct InstalledPackage {
    std::string name;
    std::string version;
    std::string replaced = {};  ///< version that was there before; empty: none
};

/// What an install did. Value; not synchronised.
struct InstallReport {
    std::string prefix;                            ///< absolute, behind all links
    bool is_new = false;                           ///< the environment was made
    std::size_t kept = 0;                          ///< packages of the lock that were there already
    std::vector<InstalledPackage> installed = {};  ///< by name
    std::vector<InstalledPackage> removed = {};    ///< by name; without the replaced ones
    std::vector<StartupHook> startup_hooks = {};   ///< of the installed ones, by path
    std::vector<std::string> notes = {};           ///< what a person should know

    json::Value to_json() const;
    std::string to_text() const;
};

/// Puts the wheels of a lock into an environment on this machine, with the same plan that build()
/// makes layers of. None of the packages' code runs, but for those that are built from source.
///
/// A package stays as it is when the same version from the same place is there (folders are
/// installed anew each time: nothing says whether they changed); another version is replaced. What
/// the lock does not name is left alone, unless `exact` says otherwise (pip, setuptools, wheel and
/// uv stay even then). Packages that the environment only sees, those of its base Python, are never
/// changed. All of it happens or nothing: on failure the environment is as it was before.
///
/// Fails as build() does for a lock that is not for this Python; invalid_argument with rule
/// `install.no-environment`, `install.externally-managed` (PEP 668), `install.path-conflict` where
/// a file of somebody else is in the way; unsupported with rule `install.no-record` for what cannot
/// be replaced.
Result<InstallReport> install(const InstallOptions& options, const UserConfig& user = user_config(),
                              const RunContext& run = {});

}  // namespace envpack::pipeline
