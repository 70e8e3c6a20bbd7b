#include "envpack/resolver/conflict.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

// The order of the sentences follows Dart's pub: what was just said is referred to as "and",
// something further up by its number. Numbers are given out only where one is needed.

namespace envpack::resolver {

namespace {

/// Deeper proofs are written without that art, one numbered line a node, so that a long chain
/// cannot exhaust the stack.
constexpr std::size_t max_depth = 2000;

class Writer {
public:
    explicit Writer(std::span<const ConflictNode> nodes)
        : nodes_(nodes), uses_(nodes.size(), 0), number_(nodes.size(), 0) {
        for (const ConflictNode& node : nodes) {
            if (node.cause == ConflictCause::derived) {
                ++uses_[node.first];
                ++uses_[node.second];
            }
        }
    }

    std::string write() {
        const std::size_t root = nodes_.size() - 1;
        if (!is_derived(root)) {
            return capitalised(to_sentence(nodes_[root])) + ".";
        }
        if (depth() > max_depth) {
            write_flat();
        } else {
            visit(root, true);
        }
        std::string text;
        for (const Line& line : lines_) {
            if (line.number != 0) {
                text += fmt::format("({}) ", line.number);
            }
            text += line.text + '\n';
        }
        text.pop_back();
        return text;
    }

private:
    struct Line {
        std::string text;
        std::size_t number = 0;
        std::size_t node = 0;
    };

    bool is_derived(std::size_t node) const { return nodes_[node].cause == ConflictCause::derived; }
    /// Both causes are facts: one sentence proves it.
    bool is_simple(std::size_t node) const {
        return !is_derived(nodes_[node].first) && !is_derived(nodes_[node].second);
    }
    static std::string capitalised(std::string text) {
        if (!text.empty() && text.front() >= 'a' && text.front() <= 'z') {
            text.front() = static_cast<char>(text.front() - 'a' + 'A');
        }
        return text;
    }

    std::size_t depth() const {
        std::vector<std::size_t> depths(nodes_.size(), 0);
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (is_derived(i)) {
                depths[i] = 1 + std::max(depths[nodes_[i].first], depths[nodes_[i].second]);
            }
        }
        return depths.back();
    }

    void write_line(std::size_t node, std::string text, bool is_conclusion) {
        Line line{std::move(text), 0, node};
        if (is_conclusion || uses_[node] > 1) {
            line.number = number_[node] = ++last_number_;
        }
        lines_.push_back(std::move(line));
    }
    std::string with_number(std::size_t node) const {
        return fmt::format("{} ({})", to_sentence(nodes_[node]), number_[node]);
    }
    std::string sentence(std::size_t node) const {
        return number_[node] != 0 ? with_number(node) : to_sentence(nodes_[node]);
    }

    // `numbered`: the line will be referred to. The final conclusion needs no number.
    void visit(std::size_t node, bool is_final, bool numbered = false) {
        const std::string result = to_sentence(nodes_[node]);
        const auto conclude = [&](std::string_view lead) {
            write_line(node, fmt::format("{}{}.", lead, result), numbered && !is_final);
        };
        std::size_t first = nodes_[node].first;
        std::size_t second = nodes_[node].second;
        if (is_derived(first) && is_derived(second)) {
            if (number_[first] != 0 && number_[second] != 0) {
                return conclude(
                    fmt::format("Because {} and {}, ", sentence(first), sentence(second)));
            }
            if (number_[first] != 0 || number_[second] != 0) {
                const std::size_t said = number_[first] != 0 ? first : second;
                visit(said == first ? second : first, false);
                return conclude(fmt::format("And because {}, ", sentence(said)));
            }
            if (is_simple(first) || is_simple(second)) {
                const std::size_t simple = is_simple(second) ? second : first;
                visit(simple == second ? first : second, false);
                visit(simple, false);
                return conclude("Thus, ");
            }
            visit(first, false, true);
            if (number_[second] != 0) {  // said on the way to `first`
                return conclude(fmt::format("And because {}, ", sentence(second)));
            }
            visit(second, false);
            return conclude(fmt::format("And because {}, ", with_number(first)));
        }
        if (is_derived(first) || is_derived(second)) {
            if (is_derived(second)) {
                std::swap(first, second);
            }
            // `first` is derived, `second` a fact.
            if (number_[first] != 0) {
                return conclude(
                    fmt::format("Because {} and {}, ", sentence(second), sentence(first)));
            }
            if (is_collapsible(first)) {
                const std::size_t inner =
                    is_derived(nodes_[first].first) ? nodes_[first].first : nodes_[first].second;
                const std::size_t fact =
                    inner == nodes_[first].first ? nodes_[first].second : nodes_[first].first;
                visit(inner, false);
                return conclude(
                    fmt::format("And because {} and {}, ", sentence(fact), sentence(second)));
            }
            visit(first, false);
            return conclude(fmt::format("And because {}, ", sentence(second)));
        }
        conclude(fmt::format("Because {} and {}, ", sentence(first), sentence(second)));
    }

    /// A step that needs no sentence of its own: used once, from a fact and something not said yet.
    bool is_collapsible(std::size_t node) const {
        if (uses_[node] > 1) {
            return false;
        }
        const bool first = is_derived(nodes_[node].first);
        const bool second = is_derived(nodes_[node].second);
        if (first == second) {
            return false;
        }
        return number_[first ? nodes_[node].first : nodes_[node].second] == 0;
    }

    void write_flat() {
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (is_derived(node)) {
                write_line(node,
                           fmt::format("Because {} and {}, {}.", sentence(nodes_[node].first),
                                       sentence(nodes_[node].second), to_sentence(nodes_[node])),
                           node + 1 != nodes_.size());
            }
        }
    }

    std::span<const ConflictNode> nodes_;
    std::vector<std::size_t> uses_;
    std::vector<std::size_t> number_;
    std::vector<Line> lines_;
    std::size_t last_number_ = 0;
};

}  // namespace

std::string Conflict::explain() const {
    return Writer(*nodes_).write();
}

}  // namespace envpack::resolver
