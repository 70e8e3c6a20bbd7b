#include "envpack/archive/planned_tree.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace envpack::archive {

PlannedTree::PlannedTree(std::shared_ptr<const FileTree> below) : below_(std::move(below)) {}

void PlannedTree::add(const std::vector<PlannedEntry>& placed) {
    for (const PlannedEntry& entry : placed) {
        entries_.insert_or_assign(entry.path.str(), entry);
    }
}

const PlannedEntry* PlannedTree::planned(const SafePath& path) const noexcept {
    const auto found = entries_.find(path.str());
    return found == entries_.end() ? nullptr : &found->second;
}

Result<std::optional<FileInfo>> PlannedTree::lookup(const SafePath& path) const {
    const PlannedEntry* const entry = planned(path);
    if (entry == nullptr) {
        return below_->lookup(path);
    }
    const bool is_file = entry->type == FileType::regular;
    const FileOwner owner = entry->owner.value_or(FileOwner());
    return FileInfo{.type = entry->type,
                    .size = is_file ? entry->content.size() : 0,
                    .mode = entry->mode,
                    .uid = owner.uid,
                    .gid = owner.gid,
                    .link_target = entry->type == FileType::symlink ? entry->link_target : "",
                    .sha256 = is_file ? entry->sha256 : std::nullopt};
}

Result<std::vector<std::string>> PlannedTree::list(const SafePath& path) const {
    const PlannedEntry* const entry = planned(path);
    std::vector<std::string> names;
    if (entry == nullptr) {
        ENVPACK_TRY(names, below_->list(path));
    } else if (entry->type != FileType::directory) {
        return fail(ErrorCode::not_found, fmt::format("`{}` is no directory", path.str()));
    } else {
        ENVPACK_TRY(const auto there, below_->lookup(path));
        if (there && there->type == FileType::directory) {
            ENVPACK_TRY(names, below_->list(path));
        }
    }
    // Children sort between "path/" and "path0", with deeper paths among them.
    const std::string prefix = path.is_root() ? "" : path.str() + '/';
    for (auto it = entries_.upper_bound(prefix);
         it != entries_.end() && it->first.starts_with(prefix); ++it) {
        const std::string_view rest = std::string_view(it->first).substr(prefix.size());
        if (rest.find('/') == std::string_view::npos) {
            names.emplace_back(rest);
        }
    }
    std::ranges::sort(names);
    const auto same = std::ranges::unique(names);
    names.erase(same.begin(), same.end());
    return names;
}

Result<std::unique_ptr<ByteSource>> PlannedTree::open(const SafePath& path) const {
    const PlannedEntry* const entry = planned(path);
    if (entry == nullptr) {
        return below_->open(path);
    }
    if (entry->type != FileType::regular) {
        return fail(ErrorCode::not_found, fmt::format("`{}` is no regular file", path.str()));
    }
    return entry->content.open();
}

}  // namespace envpack::archive
