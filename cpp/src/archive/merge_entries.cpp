#include "envpack/archive/content.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

bool can_merge(const PlannedEntry& a, const PlannedEntry& b) {
    if (a.type != b.type || a.mode != b.mode) {
        return false;
    }
    switch (a.type) {
        case FileType::directory:
            return true;
        case FileType::symlink:
            return a.link_target == b.link_target;
        case FileType::regular:
            return a.sha256 && b.sha256 && *a.sha256 == *b.sha256 &&
                   a.content.size() == b.content.size();
        case FileType::other:
            break;
    }
    return false;
}

tl::unexpected<Error> conflict(const SafePath& path, std::string_view reason) {
    return refuse("plan.path-conflict", fmt::format("`{}` {}", path.str(), reason),
                  ErrorCode::invalid_argument);
}

}  // namespace

Result<std::vector<PlannedEntry>> merge_entries(std::vector<PlannedEntry> entries) {
    // Stable, so that the first of two equal entries stays whatever the library's sort does.
    std::stable_sort(entries.begin(), entries.end(),
                     [](const auto& a, const auto& b) { return a.path < b.path; });
    std::vector<PlannedEntry> merged;
    merged.reserve(entries.size());
    for (PlannedEntry& entry : entries) {
        if (entry.path.is_root() || entry.type == FileType::other) {
            return conflict(entry.path, "cannot be written into a layer");
        }
        if (merged.empty() || merged.back().path != entry.path) {
            merged.push_back(std::move(entry));
        } else if (!can_merge(merged.back(), entry)) {
            return conflict(entry.path, "is wanted twice, with different content");
        }
    }
    // What is no directory has nothing below it. "a", "a-b", "a/x": not always neighbours.
    const PlannedEntry* before = nullptr;
    for (const PlannedEntry& entry : merged) {
        const PlannedEntry* const neighbour = std::exchange(before, &entry);
        for (SafePath up = entry.path.parent(); !up.is_root(); up = up.parent()) {
            if (neighbour != nullptr && neighbour->path.is_below(up)) {
                break;  // checked with that one, like its own parents
            }
            const auto found = std::lower_bound(
                merged.begin(), merged.end(), up,
                [](const PlannedEntry& item, const SafePath& path) { return item.path < path; });
            if (found == merged.end() || found->path != up) {
                continue;
            }
            if (found->type != FileType::directory) {
                return conflict(
                    up, fmt::format("is no directory, but `{}` is below it", entry.path.str()));
            }
            break;  // its own parents are checked with it
        }
    }
    return merged;
}

}  // namespace envpack::archive
