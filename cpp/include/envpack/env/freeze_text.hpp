#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/env/inventory.hpp"

#include <string_view>

namespace envpack::env {

/// An inventory from what installers print: `pip freeze` (also --all), `uv pip freeze`, `pip list`
/// as columns, and its --format=freeze and --format=json. It has no interpreter and no paths, so it
/// can become constraints but is no base to resolve for. parse_error with the line for anything
/// else; `conda list --export` (`name=version=build`) gets a hint.
Result<Inventory> parse_pip_freeze(std::string_view text, const Limits& limits = {});

}  // namespace envpack::env
