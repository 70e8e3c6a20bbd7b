#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"
#include "envpack/env/constraints.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/lock.hpp"

#include <string>

// An inventory as the files that others read. Same inventory, same bytes: no time stamps, sorted by
// name. Constraints (constraints.hpp) say «do not touch this set here»; the others list it.

namespace envpack::env {

/// Number of the JSON schema below; it grows when a member changes its meaning or goes.
inline constexpr int inventory_schema = 1;

/// `{schema, source, digest, python, other_interpreters[], search_path[], constraint_files[],
/// packages[], skipped[], dropped[], problems[]}`.
/// python: `{implementation, version, executable, prefix, base_prefix, venv, machine, libc, tag}`
/// or null; `tag` is the most specific wheel tag, null when unknown.
/// A package: `{name, raw_name, version, raw_version, form, path, layer, installer, editable,
/// source, requires, constraint, flags[]}` and, where they apply, `metadata_version` and
/// `shadowed[{version, path}]`. `requires` and `constraint` are null when unknown. A package
/// without a PEP 440 version is in skipped: `{name, raw_version, reason, path, installer}`.
/// constraint_files: `{path, origin, same[], only_in_file[], only_installed[], different[{name,
/// installed, line}]}`. dropped: `{name, raw_version, reason}`. problems: `{kind, text}`.
json::Value to_json(const Inventory& inventory);

/// A requirements file that installs the same set elsewhere: `name==version`, `name @ url` for
/// what came from a URL; what cannot be said is a comment.
/// internal when a table that was compiled in is damaged.
Result<std::string> to_requirements_text(const Inventory& inventory,
                                         const ConstraintsOptions& options = {});

/// A lock (PEP 751) of what came from a URL, with its source; everything else, of which no file is
/// known, is in [tool.envpack.provided], because installers refuse an entry without a source.
Lock to_lock(const Inventory& inventory, const ConstraintsOptions& options = {});

/// A uv.toml: the pins as `constraint-dependencies`, and the names as `exclude-dependencies`.
/// Source: uv documentation, "Settings".
std::string to_uv_text(const Inventory& inventory, const ConstraintsOptions& options = {});

}  // namespace envpack::env
