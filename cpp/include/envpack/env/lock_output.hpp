#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/env/lock.hpp"

#include <filesystem>
#include <string>

// A lock in the other forms that people read. Same lock, same bytes.

namespace envpack::env {

/// Number of the JSON schema below; it grows when a member changes its meaning or goes.
inline constexpr int lock_schema = 1;

/// `{schema, requirements[], base, target, exclude_newer, packages[], provided[], relaxed[],
/// cuda, forced[]}`. A package: `{name, version, requires_python, index, dependencies[],
/// uses_provided[], source, vcs, directory, subdirectory, files[{name, url, path, size, sha256}]}`;
/// `source` is `wheel`, `sdist`, `vcs`, `directory` or `archive`. vcs: `{type, url, path,
/// requested_revision, commit_id}` or null. directory: `{path, editable}` or null, the path
/// relative to the lock. base: `{source, digest}` or null. target: `{python, implementation,
/// machine, libc}`. provided: `{name, version}`. relaxed: `{name, pin, because}`. forced: `{name,
/// from, to, by}`. cuda: `{suffix, index, reason, dropped[]}` or null where no index was chosen for
/// torch; `dropped` has texts, each a suffix and why it was not taken.
json::Value to_json(const Lock& lock);

/// A requirements file of what the lock adds: `pip install --no-deps -r` and `uv pip install
/// --no-deps -r` take it. Packages that no index has are written as `name @ url`, paths from
/// `folder`, the lock's (empty: the working folder), as file URLs. With hashes, unless a package
/// is a repository or a folder: those have none, and pip wants all or none.
/// not_found where a path counts from a working folder that is gone.
Result<std::string> to_requirements_text(const Lock& lock,
                                         const std::filesystem::path& folder = {});

/// What was asked for, with what each package needs below it, as `uv pip tree` draws it. A package
/// that was shown before ends with `(*)`, one of the base with `(provided)`.
std::string to_tree_text(const Lock& lock);

}  // namespace envpack::env
