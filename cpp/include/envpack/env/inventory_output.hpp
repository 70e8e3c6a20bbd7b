#pragma once

#include "envpack/base/json.hpp"
#include "envpack/env/constraints.hpp"
#include "envpack/env/inventory.hpp"

#include <string>

namespace envpack::env {

/// Number of the JSON schema below; it grows when a member changes its meaning or goes.
inline constexpr int inventory_schema = 1;

/// `{schema, source, digest, python, other_interpreters[], search_path[], packages[], skipped[],
/// problems[]}`.
/// python: `{implementation, version, executable, prefix, base_prefix, venv, machine, libc}` or
/// null. A package: `{name, raw_name, version, raw_version, form, path, layer, installer, editable,
/// source, requires, constraint, flags[]}` and, where they apply, `metadata_version` and
/// `shadowed[{version, path}]`. `requires` and `constraint` are null when unknown. A package
/// without a PEP 440 version is in skipped: `{name, raw_version, reason, path, installer}`.
/// problems: `{kind, text}`.
json::Value to_json(const Inventory& inventory);

/// A requirements file that installs the same set elsewhere: `name==version`, `name @ url` for
/// what came from a URL; what cannot be said is a comment. Not for «do not touch this set here»:
/// that is Constraints.
std::string to_requirements_text(const Inventory& inventory,
                                 const ConstraintsOptions& options = {});

}  // namespace envpack::env
