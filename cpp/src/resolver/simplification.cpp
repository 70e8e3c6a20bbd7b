#include "envpack/packaging/specifier_set.hpp"
#include "envpack/resolver/conflict.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// A proof speaks of every version there could be. People know those that there are: "a 1.0 | 1.1"
// is every version of a when no other exists, and that nothing lies between them needs no mention.

namespace envpack::resolver {

namespace {

using packaging::PackageName;
using packaging::SpecifierSet;
using packaging::Version;
using packaging::VersionRange;

/// A range with the members of `range` among `versions`, and few words; nullopt when there is no
/// such range that PEP 440 can write.
std::optional<VersionRange> shorter(const VersionRange& range,
                                    const std::vector<Version>& versions) {
    const auto has = [&](std::size_t i) { return range.contains(versions[i]); };
    VersionRange result = VersionRange::empty();
    for (std::size_t begin = 0; begin < versions.size(); ++begin) {
        if (!has(begin)) {
            continue;
        }
        std::size_t end = begin;
        while (end < versions.size() && has(end)) {
            ++end;
        }
        std::string text;
        if (begin > 0) {
            text += ">=" + versions[begin].to_string();
        }
        if (end < versions.size()) {
            text += (text.empty() ? "<" : ",<") + versions[end].to_string();
        }
        if (end == begin + 1 && versions.size() > 1) {
            result = result | VersionRange::of(versions[begin]);
        } else if (const auto specifiers = SpecifierSet::parse(text)) {
            result = result | VersionRange::of(*specifiers);
        } else {
            return std::nullopt;
        }
        begin = end;
    }
    for (std::size_t i = 0; i < versions.size(); ++i) {
        if (result.contains(versions[i]) != has(i)) {
            return std::nullopt;
        }
    }
    return result;
}

class Simplification {
public:
    Simplification(std::span<const ConflictNode> nodes, const KnownVersions& versions)
        : versions_(versions), nodes_(nodes.begin(), nodes.end()), same_as_(nodes.size()) {}

    std::vector<ConflictNode> run() {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            same_as_[i] = i;
            ConflictNode& node = nodes_[i];
            if (node.cause == ConflictCause::derived) {
                node.first = same_as_[node.first];
                node.second = same_as_[node.second];
                if (is_gap_of(node.first, node.second)) {
                    same_as_[i] = node.second;
                } else if (is_gap_of(node.second, node.first)) {
                    same_as_[i] = node.first;
                }
            }
            simplify(node);
        }
        return reachable();
    }

private:
    const std::vector<Version>& known(const PackageName& name) {
        auto entry = known_.find(name);
        if (entry == known_.end()) {
            entry = known_.emplace(name, versions_(name)).first;
        }
        return entry->second;
    }
    bool is_inhabited(const ConflictTerm& term) {
        const auto& versions = known(term.package.name);
        return std::any_of(versions.begin(), versions.end(),
                           [&](const Version& version) { return term.range.contains(version); });
    }

    void simplify(ConflictNode& node) {
        // What somebody wrote is shown as it was written.
        for (ConflictTerm& term : node.terms) {
            if (!term.positive || !is_inhabited(term)) {
                continue;
            }
            auto replaced = shorter(term.range, known(term.package.name));
            if (replaced && (replaced->is_full() ||
                             replaced->to_string().size() <= term.range.to_string().size())) {
                term.range = *std::move(replaced);
            }
        }
    }

    /// `gap` says that there is nothing between the versions that `other` speaks of.
    bool is_gap_of(std::size_t gap, std::size_t other) {
        const ConflictNode& node = nodes_[gap];
        if (node.cause != ConflictCause::no_versions || node.terms.size() != 1 ||
            known(node.terms.front().package.name).empty() || is_inhabited(node.terms.front())) {
            return false;
        }
        return std::any_of(nodes_[other].terms.begin(), nodes_[other].terms.end(),
                           [&](const ConflictTerm& term) {
                               return term.positive && term.package == node.terms.front().package;
                           });
    }

    std::vector<ConflictNode> reachable() {
        std::vector<bool> is_needed(nodes_.size(), false);
        is_needed[same_as_.back()] = true;
        for (std::size_t i = nodes_.size(); i-- > 0;) {
            if (is_needed[i] && nodes_[i].cause == ConflictCause::derived) {
                is_needed[nodes_[i].first] = true;
                is_needed[nodes_[i].second] = true;
            }
        }
        std::vector<std::size_t> position(nodes_.size(), 0);
        std::vector<ConflictNode> result;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (!is_needed[i]) {
                continue;
            }
            position[i] = result.size();
            result.push_back(std::move(nodes_[i]));
            if (result.back().cause == ConflictCause::derived) {
                result.back().first = position[result.back().first];
                result.back().second = position[result.back().second];
            }
        }
        return result;
    }

    const KnownVersions& versions_;
    std::vector<ConflictNode> nodes_;
    std::vector<std::size_t> same_as_;
    std::map<PackageName, std::vector<Version>> known_;
};

}  // namespace

Conflict Conflict::simplified(const KnownVersions& versions) const {
    return Conflict(Simplification(*nodes_, versions).run());
}

}  // namespace envpack::resolver
