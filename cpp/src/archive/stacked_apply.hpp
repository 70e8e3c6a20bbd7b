#pragma once

#include "envpack/archive/layer_listing.hpp"
#include "envpack/archive/stacked_tree.hpp"
#include "stacked_nodes.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace envpack::archive {

using Listings = std::vector<std::shared_ptr<const LayerListing>>;

/// What a tree says of a node.
FileInfo node_info(const Listings& listings, const StackedNodes::Node& node);

/// Applies layers to the nodes, in order: the rules of StackedTree. One thread.
class LayerApplication {
public:
    LayerApplication(const Listings& listings, StackedNodes& nodes,
                     std::vector<LayerChange>& changes)
        : listings_(listings), nodes_(nodes), changes_(changes) {}
    Result<void> apply(std::size_t layer);

private:
    using Id = StackedNodes::Id;
    using Entry = LayerListing::Entry;
    /// What a walk does at a segment that is not there: make a directory, or give up. To hide is
    /// to give up also at links that the layer itself replaces.
    enum class Missing { make, give_up, hide };

    /// The directory that `path` names, links followed; nullopt when there is none.
    std::optional<Id> walk(std::string_view path, Missing missing);
    /// The directory that a member lies in, made if need be; remembered, since neighbours in a
    /// tar mostly share it.
    Result<Id> parent_of(std::string_view path);
    void hide(const Entry& entry);
    Result<void> add_file(const Entry& entry, std::size_t index);
    Result<void> add_hard_link(const Entry& entry);
    Id replace(Id parent, std::string_view name);
    void forget_parent() noexcept { parent_ = StackedNodes::none; }
    bool replaces_by_directory(Id id);
    std::string path_of(Id id) const;
    /// Notes what becomes of node `id` of a lower layer by a directory `entry` in its place.
    void note_change(Id id, const Entry& entry);
    std::string_view link_target(const StackedNodes::Node& node) const;

    const Listings& listings_;
    StackedNodes& nodes_;
    std::vector<LayerChange>& changes_;
    std::size_t layer_ = 0;
    std::string_view parent_path_;
    Id parent_ = StackedNodes::none;
    std::optional<std::unordered_set<std::string_view>> directories_;  ///< of this layer, on demand
};

}  // namespace envpack::archive
