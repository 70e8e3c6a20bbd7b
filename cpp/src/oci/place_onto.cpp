#include "envpack/oci/place_onto.hpp"

#include "envpack/base/digest.hpp"
#include "envpack/base/text.hpp"

#include <unordered_map>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

using archive::FileInfo;
using archive::FileTree;
using archive::FileType;
using archive::PlannedEntry;

constexpr std::uint32_t permission_bits = 07777;

Error refused(std::string_view rule, const SafePath& path, std::string message) {
    return Error(ErrorCode::invalid_argument, std::move(message))
        .with_rule(std::string(rule))
        .with_path(path.str());
}

/// Walks planned paths through the links of the base. One thread.
class Placement {
public:
    /// Where a planned directory really lies.
    struct Place {
        SafePath path;
        bool in_base = false;
    };

    explicit Placement(const FileTree& base) : base_(base) {
        places_.emplace(SafePath(), Place{.path = {}, .in_base = true});
    }

    /// Stays where it is.
    Result<const Place*> directory(const SafePath& planned) {
        // From the nearest known ancestor downwards.
        std::vector<SafePath> unknown;
        SafePath known = planned;
        for (; !places_.contains(known); known = known.parent()) {
            unknown.push_back(known);
        }
        for (; !unknown.empty(); unknown.pop_back()) {
            const SafePath& next = unknown.back();
            ENVPACK_TRY(Place place, below(places_.at(next.parent()), next.name()));
            places_.insert_or_assign(next, std::move(place));
        }
        return &places_.at(planned);
    }

    /// Gives the entry the path that it has in the layer; false when the base has it already.
    Result<bool> place(PlannedEntry& entry) {
        if (entry.type == FileType::directory) {
            ENVPACK_TRY(const Place* const place, directory(entry.path));
            entry.path = place->path;
            return !place->in_base;
        }
        ENVPACK_TRY(const Place* const parent, directory_of(entry.path));
        if (entry.path.folder() != parent->path.str()) {
            entry.path = parent->path / entry.path.name();
        }
        if (!parent->in_base) {
            return true;
        }
        ENVPACK_TRY(const std::optional<FileInfo> there, base_.lookup(entry.path));
        if (!there) {
            return true;
        }
        if (entry.replaces && there->type == FileType::regular) {
            ENVPACK_TRY(const bool same, archive::has_same_bytes(base_, entry.path, *there, entry));
            return !same;
        }
        ENVPACK_CHECK(check_same(entry.path, *there, entry));
        return false;
    }

private:
    /// Where the file's folder lies. Plans come folder by folder.
    Result<const Place*> directory_of(const SafePath& file) {
        if (last_ == nullptr || last_->first.str() != file.folder()) {
            const SafePath planned = file.parent();
            ENVPACK_CHECK(directory(planned));
            last_ = &*places_.find(planned);
        }
        return &last_->second;
    }

    Result<Place> below(const Place& parent, std::string_view name) const {
        const SafePath path = parent.path / name;
        if (!parent.in_base) {
            return Place{.path = path, .in_base = false};
        }
        ENVPACK_TRY(const std::optional<FileInfo> info, base_.lookup(path));
        if (!info) {
            return Place{.path = path, .in_base = false};
        }
        if (info->type == FileType::directory) {
            return Place{.path = path, .in_base = true};
        }
        if (info->type != FileType::symlink) {
            return fail(refused(
                "layer.base-type", path,
                fmt::format("`{}` is a file in the base image, not a directory", path.str())));
        }
        ENVPACK_TRY(const std::optional<SafePath> target, archive::resolve(base_, path));
        const std::string link = fmt::format("`{}` is a link to `{}` in the base image", path.str(),
                                             text::printable(info->link_target));
        if (!target) {
            return fail(refused("layer.base-link", path, link + ", which leads nowhere")
                            .with_hint("choose another prefix"));
        }
        ENVPACK_TRY(const std::optional<FileInfo> behind, base_.lookup(*target));
        if (!behind || behind->type != FileType::directory) {
            return fail(refused("layer.base-type", path, link + ", which is no directory"));
        }
        return Place{.path = *target, .in_base = true};
    }

    /// Fails unless the base has the very thing at `path`.
    Result<void> check_same(const SafePath& path, const FileInfo& there,
                            const PlannedEntry& entry) const {
        if (there.type == FileType::symlink) {
            if (entry.type == FileType::symlink && entry.link_target == there.link_target) {
                return {};
            }
            return fail(refused("layer.base-link", path,
                                fmt::format("`{}` is a link to `{}` in the base image and would be "
                                            "replaced",
                                            path.str(), text::printable(there.link_target))));
        }
        if (there.type != FileType::regular || entry.type != FileType::regular) {
            return fail(refused("layer.base-type", path,
                                fmt::format("`{}` is something else in the base image and would be "
                                            "replaced",
                                            path.str())));
        }
        if ((there.mode & permission_bits) == entry.mode) {
            ENVPACK_TRY(const bool same, archive::has_same_bytes(base_, path, there, entry));
            if (same) {
                return {};
            }
        }
        return fail(refused("layer.base-file", path,
                            fmt::format("`{}` exists in the base image with other content or mode",
                                        path.str()))
                        .with_hint("what the base image has is never replaced; choose another "
                                   "prefix, or leave out the package that brings this file"));
    }

    const FileTree& base_;
    std::unordered_map<SafePath, Place> places_;
    const std::pair<const SafePath, Place>* last_ = nullptr;  ///< of directory_of(), in `places_`
};

Result<void> check_name(const SafePath& path) {
    const std::string& text = path.str();
    for (std::size_t at = text.find(".wh."); at != std::string::npos;
         at = text.find(".wh.", at + 1)) {
        if (at == 0 || text[at - 1] == '/') {
            return fail(refused("layer.whiteout-name", path,
                                fmt::format("`{}` cannot be put into a layer: names with `.wh.` in "
                                            "front mean deletions there",
                                            text)));
        }
    }
    return {};
}

}  // namespace

Result<std::vector<PlannedEntry>> place_onto(const FileTree& base,
                                             std::vector<PlannedEntry> entries) {
    Placement placement(base);
    std::vector<SafePath> parents;         // of what is kept, as planned; repeated here and there
    std::unordered_set<SafePath> folders;  // that the layer has
    const auto is_kept = [&](PlannedEntry& entry) -> Result<bool> {
        if (entry.path.is_root()) {
            return false;
        }
        ENVPACK_CHECK(check_name(entry.path));
        const bool is_in_last = !parents.empty() && parents.back().str() == entry.path.folder();
        SafePath parent = is_in_last ? SafePath() : entry.path.parent();
        ENVPACK_TRY(const bool keep, placement.place(entry));
        if (keep && !is_in_last) {
            parents.push_back(std::move(parent));
        }
        if (keep && entry.type == FileType::directory) {
            folders.insert(entry.path);
        }
        return keep;
    };
    std::size_t count = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        ENVPACK_TRY(const bool keep, is_kept(entries[i]));
        if (keep && count++ != i) {
            entries[count - 1] = std::move(entries[i]);
        }
    }
    entries.resize(count);
    for (SafePath& planned : parents) {
        for (; !planned.is_root(); planned = planned.parent()) {
            ENVPACK_TRY(const Placement::Place* const place, placement.directory(planned));
            if (place->in_base || !folders.insert(place->path).second) {
                break;  // then its own parents exist as well, or were added with it
            }
            entries.push_back({.path = place->path, .type = FileType::directory, .mode = 0755});
        }
    }
    return archive::merge_entries(std::move(entries));
}

}  // namespace envpack::oci
