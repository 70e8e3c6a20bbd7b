#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/archive/folder_change.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"

#include <atomic>
#include <cstdint>
#include <string>

namespace envpack::archive {

/// Where files are made before they get their name, on the same file system. Thread-safe.
struct StagingFolder {
    int handle = -1;
    std::atomic<std::uint64_t> next = 0;
    std::atomic<LinkMode> mode = LinkMode::automatic;  ///< what turned out to work
    std::string fresh_name() { return std::to_string(next.fetch_add(1)); }
};

/// Gives `entry` (a file or a symlink) the name `name` in `folder`, whole and without overwriting
/// anything. True when it was made; false when the same was there. Fails as FolderChange::put().
Result<bool> place_entry(const PlannedEntry& entry, int folder, const std::string& name,
                         StagingFolder& staging, const RunContext& run);

/// rename(2) that never replaces what has the new name: EEXIST then. Returns an errno, 0 for done.
int rename_new(int from_folder, const std::string& from, int to_folder, const std::string& to);

/// invalid_argument with rule `install.path-conflict`.
Error path_conflict(const SafePath& path, std::string_view what);

}  // namespace envpack::archive
