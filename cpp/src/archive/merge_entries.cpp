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
    // Stable, so that the first of two equal entries stays whatever the library's sort does. Most
    // come in order, with some folders behind them.
    const auto is_before = [](const auto& a, const auto& b) { return a.path < b.path; };
    const auto tail = std::is_sorted_until(entries.begin(), entries.end(), is_before);
    std::stable_sort(tail, entries.end(), is_before);
    std::inplace_merge(entries.begin(), tail, entries.end(), is_before);
    std::size_t count = 0;
    for (PlannedEntry& entry : entries) {
        if (entry.path.is_root() || entry.type == FileType::other) {
            return conflict(entry.path, "cannot be written into a layer");
        }
        PlannedEntry* const same =
            count > 0 && entries[count - 1].path == entry.path ? &entries[count - 1] : nullptr;
        if (same != nullptr && same->type != entry.type) {
            return conflict(entry.path, "is wanted as two kinds of files");
        }
        if (same != nullptr && !can_merge(*same, entry)) {
            return conflict(entry.path, "is wanted twice, with different content");
        }
        if (same == nullptr && &entries[count++] != &entry) {
            entries[count - 1] = std::move(entry);
        }
    }
    entries.resize(count);
    // What is no directory has nothing below it. "a", "a-b", "a/x": not always neighbours.
    const PlannedEntry* before = nullptr;
    for (const PlannedEntry& entry : entries) {
        const PlannedEntry* const neighbour = std::exchange(before, &entry);
        if (neighbour != nullptr && neighbour->path.folder() == entry.path.folder()) {
            continue;  // the same folders, checked with that one
        }
        for (SafePath up = entry.path.parent(); !up.is_root(); up = up.parent()) {
            if (neighbour != nullptr && neighbour->path.is_below(up)) {
                break;  // checked with that one, like its own parents
            }
            const auto found = std::lower_bound(
                entries.begin(), entries.end(), up,
                [](const PlannedEntry& item, const SafePath& path) { return item.path < path; });
            if (found == entries.end() || found->path != up) {
                continue;
            }
            if (found->type != FileType::directory) {
                return conflict(
                    up, fmt::format("is no directory, but `{}` is below it", entry.path.str()));
            }
            break;  // its own parents are checked with it
        }
    }
    return entries;
}

}  // namespace envpack::archive
