#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/wheel/install_scheme.hpp"
#include "package_hooks.hpp"
#include "planned_files.hpp"
#include "source_builder.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::pipeline {

/// The records of plans.
inline constexpr std::string_view wheel_plans_kind = "wheel-plans-v1";

/// What installing one wheel of a lock brings.
struct WheelPlan {
    PlannedFiles files;
    AddedPackage package;
    std::vector<std::string> notes;
    StartupHooks startup_hooks = {};
};

/// Opens the wheel: nothing of it is unpacked. `folder` is the lock's.
Result<WheelPlan> plan_wheel(const env::LockedPackage& package, const BuiltWheel& file,
                             const std::filesystem::path& folder,
                             const wheel::InstallScheme& scheme);

/// Stands for everything that decides the plan of a wheel that the lock names by its sha256; no
/// such wheel has a direct_url.json.
Digest wheel_plan_key(const Digest& sha256, std::string_view filename,
                      const wheel::InstallScheme& scheme);

/// The plan without the bytes of its files.
std::string to_record(const WheelPlan& plan);
/// That plan. `open_again` gives the whole plan; it is asked, once, when bytes of a file are
/// wanted. nullopt when `record` is none, or is not of `package`.
std::optional<WheelPlan> wheel_plan_from(SharedText record, const env::LockedPackage& package,
                                         const Digest& sha256,
                                         std::function<Result<WheelPlan>()> open_again);

}  // namespace envpack::pipeline
