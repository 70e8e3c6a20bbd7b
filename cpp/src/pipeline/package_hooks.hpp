#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/packed.hpp"
#include "envpack/pipeline/startup_hook.hpp"
#include "envpack/wheel/startup_hooks.hpp"

#include <string>
#include <string_view>
#include <vector>

// Start-up hooks in plans, records and reports.

namespace envpack::pipeline {

using StartupHooks = std::vector<StartupHook>;

/// Appends those of one distribution; `root` is the folder that their paths count from: "/".
void add_hooks(const std::vector<wheel::StartupHook>& hooks, std::string_view package,
               std::string_view version, std::string_view root, StartupHooks& to);
void sort_by_path(StartupHooks& hooks);

void pack_hooks(PackedWriter& record, const StartupHooks& hooks);
StartupHooks unpack_hooks(PackedReader& record);

/// `[{package, version, kind, path}]`; the first two null where nothing is known.
json::Value hook_list(const StartupHooks& hooks);
/// A line each.
std::string hook_lines(const StartupHooks& hooks);

}  // namespace envpack::pipeline
