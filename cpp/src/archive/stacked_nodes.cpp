#include "stacked_nodes.hpp"

#include <functional>

namespace envpack::archive {

StackedNodes::StackedNodes() : nodes_(1), children_(0, Hash{this}, Equal{this}) {}

std::size_t StackedNodes::Hash::operator()(const Key& key) const noexcept {
    const std::size_t hash = std::hash<std::string_view>{}(key.name);
    return hash ^ (std::size_t{key.parent} * 0x9e37'79b9'7f4a'7c15U);
}

std::size_t StackedNodes::Hash::operator()(Id id) const noexcept {
    const Node& node = (*nodes)[id];
    return (*this)(Key{node.parent, node.name_text()});
}

bool StackedNodes::Equal::operator()(const Key& key, Id id) const noexcept {
    const Node& node = (*nodes)[id];
    return node.parent == key.parent && node.name_text() == key.name;
}

void StackedNodes::reserve(std::size_t count) {
    nodes_.reserve(count);
    children_.reserve(count);
}

StackedNodes::Id StackedNodes::find(Id parent, std::string_view name) const {
    const auto found = children_.find(Key{parent, name});
    return found == children_.end() ? none : *found;
}

StackedNodes::Id StackedNodes::add(Id parent, std::string_view name) {
    const auto id = static_cast<Id>(nodes_.size());
    Node node;
    node.name = name.data();
    node.name_length = static_cast<std::uint16_t>(name.size());
    node.parent = parent;
    node.next = nodes_[parent].first_child;
    nodes_.push_back(node);
    if (node.next != none) {
        nodes_[node.next].previous = id;
    }
    nodes_[parent].first_child = id;
    children_.insert(id);
    return id;
}

void StackedNodes::remove(Id id) {
    remove_children(id);
    children_.erase(id);
    const Node& node = nodes_[id];
    if (node.next != none) {
        nodes_[node.next].previous = node.previous;
    }
    if (node.previous != none) {
        nodes_[node.previous].next = node.next;
    } else {
        nodes_[node.parent].first_child = node.next;
    }
}

void StackedNodes::remove_children(Id id) {
    // The chain from `id` down to the node at hand is in the parent links: no stack, no recursion.
    Id current = id;
    for (;;) {
        if (const Id child = nodes_[current].first_child; child != none) {
            current = child;
            continue;
        }
        if (current == id) {
            return;
        }
        const Node& node = nodes_[current];
        children_.erase(current);
        nodes_[node.parent].first_child = node.next;
        if (node.next != none) {
            nodes_[node.next].previous = none;
        }
        current = node.parent;
    }
}

}  // namespace envpack::archive
