#include "stacked_apply.hpp"

#include "envpack/base/text.hpp"
#include "path_walk.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

std::string_view parent_path(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string_view last_segment(std::string_view path) {
    return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

/// So that the first segment is at the back.
void push_segments(std::vector<std::string_view>& pending, std::string_view path) {
    while (!path.empty()) {
        const std::string_view segment = last_segment(path);
        path.remove_suffix(std::min(path.size(), segment.size() + 1));
        if (!segment.empty() && segment != ".") {
            pending.push_back(segment);
        }
    }
}

}  // namespace

FileInfo node_info(const Listings& listings, const StackedNodes::Node& node) {
    if (node.entry == StackedNodes::implied) {
        return {.type = FileType::directory, .mode = 0755, .layer = node.layer};
    }
    const LayerListing::Entry entry = listings[node.content_layer]->entry(node.entry);
    return {.type = node.type,
            .size = entry.size,
            .mode = entry.mode,
            .uid = entry.uid,
            .gid = entry.gid,
            .mtime = entry.mtime,
            .link_target = std::string(entry.link_target),
            .layer = node.layer,
            .sha256 = entry.sha256 == nullptr ? std::nullopt : std::optional(*entry.sha256)};
}

Result<void> LayerApplication::apply(std::size_t layer) {
    layer_ = layer;
    forget_parent();
    directories_.reset();
    const LayerListing& listing = *listings_[layer];
    // 1. Whiteouts first: they act on lower layers only, wherever they stand in the tar.
    for (std::size_t i = 0; i < listing.size(); ++i) {
        hide(listing.entry(i));
    }
    // 2. Then the members, in their order.
    for (std::size_t i = 0; i < listing.size(); ++i) {
        const Entry entry = listing.entry(i);
        Result<void> done;
        if (entry.kind == LayerListing::Kind::file) {
            done = add_file(entry, i);
        } else if (entry.kind == LayerListing::Kind::hard_link) {
            done = add_hard_link(entry);
        }
        if (!done) {
            return with_context(std::move(done), fmt::format("while applying `{}`", entry.path));
        }
    }
    return {};
}

std::string_view LayerApplication::link_target(const StackedNodes::Node& node) const {
    return listings_[node.content_layer]->entry(node.entry).link_target;
}

/// Does this layer put a directory where the link `id` is? Then what it hides below that path was
/// never behind the link. Only asked while hiding, before the layer's members are there.
bool LayerApplication::replaces_by_directory(Id id) {
    const LayerListing& listing = *listings_[layer_];
    if (!directories_) {
        directories_.emplace();
        for (std::size_t i = 0; i < listing.size(); ++i) {
            const Entry entry = listing.entry(i);
            if (entry.kind == LayerListing::Kind::file && entry.type == FileType::directory) {
                directories_->insert(entry.path);
            }
        }
    }
    if (directories_->empty()) {
        return false;
    }
    return directories_->contains(path_of(id));
}

std::string LayerApplication::path_of(Id id) const {
    std::string path;
    for (; id != StackedNodes::root; id = nodes_[id].parent) {
        path = fmt::format("{}{}{}", nodes_[id].name_text(), path.empty() ? "" : "/", path);
    }
    return path;
}

void LayerApplication::note_change(Id id, const Entry& entry) {
    const StackedNodes::Node& node = nodes_[id];
    if (entry.type != FileType::directory || node.layer == layer_) {
        return;
    }
    FileInfo before = node_info(listings_, node);
    const bool is_link = before.type == FileType::symlink;
    const bool same = before.type == FileType::directory && before.mode == entry.mode &&
                      before.uid == entry.uid && before.gid == entry.gid;
    if (same || (!is_link && before.type != FileType::directory)) {
        return;
    }
    changes_.push_back(
        {.kind = is_link ? LayerChange::Kind::link_replaced : LayerChange::Kind::attributes_changed,
         .layer = layer_,
         .path = path_of(id),
         .before = std::move(before),
         .after = {.type = entry.type,
                   .mode = entry.mode,
                   .uid = entry.uid,
                   .gid = entry.gid,
                   .mtime = entry.mtime,
                   .layer = layer_}});
}

/// As containerd's fs.RootPath and mkparent do it.
std::optional<StackedNodes::Id> LayerApplication::walk(std::string_view path, Missing missing) {
    std::vector<std::string_view> pending;
    push_segments(pending, path);
    Id current = StackedNodes::root;
    int links = 0;
    while (!pending.empty()) {
        const std::string_view segment = pending.back();
        pending.pop_back();
        if (segment == "..") {
            current = current == StackedNodes::root ? current : nodes_[current].parent;
            continue;
        }
        const Id child = nodes_.find(current, segment);
        if (child == StackedNodes::none) {
            if (missing != Missing::make || !is_representable(segment)) {
                return std::nullopt;
            }
            current = nodes_.add(current, segment);
            nodes_[current].layer = static_cast<std::uint16_t>(layer_);
            continue;
        }
        const StackedNodes::Node& node = nodes_[child];
        if (node.type == FileType::directory) {
            current = child;
            continue;
        }
        if (node.type != FileType::symlink || ++links > max_links ||
            (missing == Missing::hide && replaces_by_directory(child))) {
            return std::nullopt;
        }
        const std::string_view target = link_target(node);
        if (target.starts_with('/')) {
            current = StackedNodes::root;
        }
        push_segments(pending, target);
    }
    return current;
}

Result<StackedNodes::Id> LayerApplication::parent_of(std::string_view path) {
    const std::string_view wanted = parent_path(path);
    if (parent_ == StackedNodes::none || wanted != parent_path_) {
        const std::optional<Id> found = walk(wanted, Missing::make);
        if (!found) {
            return refuse("layer.parent", fmt::format("`{}` is no directory", wanted));
        }
        parent_ = *found;
        parent_path_ = wanted;
    }
    return parent_;
}

void LayerApplication::hide(const Entry& entry) {
    if (entry.kind == LayerListing::Kind::opaque) {
        // With nothing there to hide, a whiteout says nothing.
        if (const std::optional<Id> found = walk(entry.path, Missing::hide)) {
            nodes_.remove_children(*found);
        }
    } else if (entry.kind == LayerListing::Kind::whiteout) {
        const std::optional<Id> parent = walk(parent_path(entry.path), Missing::hide);
        const Id hidden =
            parent ? nodes_.find(*parent, last_segment(entry.path)) : StackedNodes::none;
        if (hidden != StackedNodes::none) {
            nodes_.remove(hidden);
        }
    }
}

StackedNodes::Id LayerApplication::replace(Id parent, std::string_view name) {
    if (const Id old = nodes_.find(parent, name); old != StackedNodes::none) {
        nodes_.remove(old);
        forget_parent();  // it may have been below
    }
    return nodes_.add(parent, name);
}

Result<void> LayerApplication::add_file(const Entry& entry, std::size_t index) {
    Id id = StackedNodes::root;
    if (entry.path.empty()) {
        if (entry.type != FileType::directory) {
            return refuse("layer.root", "the root of a layer is no directory");
        }
        note_change(id, entry);
    } else {
        ENVPACK_TRY(const Id parent, parent_of(entry.path));
        const std::string_view name = last_segment(entry.path);
        id = nodes_.find(parent, name);
        if (id != StackedNodes::none) {
            note_change(id, entry);
        }
        const bool merges = id != StackedNodes::none && entry.type == FileType::directory &&
                            nodes_[id].type == FileType::directory;
        if (!merges) {
            id = replace(parent, name);
        }
    }
    StackedNodes::Node& node = nodes_[id];
    node.type = entry.type;
    node.entry = static_cast<std::uint32_t>(index);
    node.layer = static_cast<std::uint16_t>(layer_);
    node.content_layer = node.layer;
    return {};
}

Result<void> LayerApplication::add_hard_link(const Entry& entry) {
    const auto no_target = [&] {
        return refuse("layer.hard-link", fmt::format("hard link `{}` has no target `{}`",
                                                     entry.path, entry.link_target));
    };
    if (entry.path.empty() || entry.link_target.empty()) {
        return refuse("layer.root", "a hard link names the root of a layer");
    }
    const std::optional<Id> folder = walk(parent_path(entry.link_target), Missing::give_up);
    const Id target =
        folder ? nodes_.find(*folder, last_segment(entry.link_target)) : StackedNodes::none;
    // Below itself: the path would be cleared before the link is made.
    const bool is_below = entry.link_target.starts_with(fmt::format("{}/", entry.path));
    if (target == StackedNodes::none || nodes_[target].type == FileType::directory || is_below) {
        return no_target();
    }
    ENVPACK_TRY(const Id parent, parent_of(entry.path));
    const StackedNodes::Node source = nodes_[target];
    if (nodes_.find(parent, last_segment(entry.path)) == target) {
        return {};  // a link to itself, which exists
    }
    const Id id = replace(parent, last_segment(entry.path));
    StackedNodes::Node& node = nodes_[id];
    node.type = source.type;
    node.entry = source.entry;
    node.content_layer = source.content_layer;
    node.layer = static_cast<std::uint16_t>(layer_);
    return {};
}

}  // namespace envpack::archive
