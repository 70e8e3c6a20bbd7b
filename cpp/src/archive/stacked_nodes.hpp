#pragma once

#include "envpack/archive/file_tree.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace envpack::archive {

/// The names of a stacked tree: 40 bytes a node, names as views into the layers' listings. Removal
/// and insertion take time in proportion to what is removed or inserted, whatever lies beside it
/// (reliability.md T10). One thread while it is built.
class StackedNodes {
public:
    using Id = std::uint32_t;
    static constexpr Id none = std::numeric_limits<Id>::max();
    static constexpr Id root = 0;
    /// Entry number of a directory that no layer mentions.
    static constexpr std::uint32_t implied = std::numeric_limits<std::uint32_t>::max();

    struct Node {
        const char* name = nullptr;
        Id parent = none;
        Id first_child = none;
        Id next = none;
        Id previous = none;
        std::uint32_t entry = implied;  ///< in the listing of content_layer
        std::uint16_t name_length = 0;
        std::uint16_t layer = 0;          ///< that brought the path
        std::uint16_t content_layer = 0;  ///< another one for hard links to lower layers
        FileType type = FileType::directory;
        std::string_view name_text() const noexcept { return {name, name_length}; }
    };

    StackedNodes();
    StackedNodes(const StackedNodes&) = delete;
    StackedNodes& operator=(const StackedNodes&) = delete;

    const Node& operator[](Id id) const noexcept { return nodes_[id]; }
    Node& operator[](Id id) noexcept { return nodes_[id]; }
    /// Makes room for as many nodes at once, so that no table is built again while it grows.
    void reserve(std::size_t count);
    /// `none` when there is no such child.
    Id find(Id parent, std::string_view name) const;
    /// `name` must live as long as this. The child does not exist yet.
    Id add(Id parent, std::string_view name);
    /// Takes a node out with everything below it.
    void remove(Id id);
    void remove_children(Id id);
    std::size_t live() const noexcept { return children_.size() + 1; }

private:
    struct Key {
        Id parent;
        std::string_view name;
    };
    struct Hash {
        using is_transparent = void;
        const StackedNodes* nodes;
        std::size_t operator()(const Key& key) const noexcept;
        std::size_t operator()(Id id) const noexcept;
    };
    struct Equal {
        using is_transparent = void;
        const StackedNodes* nodes;
        bool operator()(Id a, Id b) const noexcept { return a == b; }
        bool operator()(const Key& key, Id id) const noexcept;
        bool operator()(Id id, const Key& key) const noexcept { return (*this)(key, id); }
    };

    std::vector<Node> nodes_;
    std::unordered_set<Id, Hash, Equal> children_;
};

}  // namespace envpack::archive
