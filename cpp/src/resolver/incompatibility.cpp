#include "incompatibility.hpp"

#include <algorithm>
#include <utility>

namespace envpack::resolver {

namespace {

auto position(auto& terms, PackageId package) {
    return std::lower_bound(
        terms.begin(), terms.end(), package,
        [](const auto& term, PackageId searched) { return term.first < searched; });
}

}  // namespace

const Term* Incompatibility::find(PackageId package) const noexcept {
    const auto found = position(terms, package);
    return found != terms.end() && found->first == package ? &found->second : nullptr;
}

void Incompatibility::add(PackageId package, const Term& term) {
    const auto found = position(terms, package);
    if (found != terms.end() && found->first == package) {
        found->second = found->second & term;
    } else {
        terms.insert(found, {package, term});
    }
}

PackageId PackageTable::intern(const Package& package) {
    const auto [entry, is_new] = ids_.try_emplace(package, static_cast<PackageId>(size()));
    if (is_new) {
        packages_.push_back(&entry->first);
    }
    return entry->second;
}

Incompatibility resolve_by(const std::vector<Incompatibility>& all, IncompatibilityId first,
                           IncompatibilityId second, PackageId package) {
    Incompatibility result{.first = first, .second = second};
    for (const IncompatibilityId id : {first, second}) {
        for (const auto& [other, term] : all[id].terms) {
            if (other != package) {
                result.add(other, term);
            }
        }
    }
    const Term rest = *all[first].find(package) | *all[second].find(package);
    if (!rest.is_any()) {
        result.add(package, rest);
    }
    return result;
}

std::vector<ConflictNode> proof_of(const std::vector<Incompatibility>& all,
                                   IncompatibilityId contradiction, const PackageTable& packages) {
    // A cause is always older than what follows from it, so ascending ids are a valid order.
    std::vector<IncompatibilityId> reached = {contradiction};
    std::vector<bool> seen(all.size(), false);
    seen[contradiction] = true;
    for (std::size_t i = 0; i < reached.size(); ++i) {
        const Incompatibility& current = all[reached[i]];
        if (current.cause != ConflictCause::derived) {
            continue;
        }
        for (const IncompatibilityId cause : {current.first, current.second}) {
            if (!seen[cause]) {
                seen[cause] = true;
                reached.push_back(cause);
            }
        }
    }
    std::sort(reached.begin(), reached.end());
    const auto index_of = [&](IncompatibilityId id) {
        return static_cast<std::size_t>(std::lower_bound(reached.begin(), reached.end(), id) -
                                        reached.begin());
    };

    std::vector<ConflictNode> nodes;
    nodes.reserve(reached.size());
    for (const IncompatibilityId id : reached) {
        const Incompatibility& from = all[id];
        ConflictNode& node = nodes.emplace_back();
        node.cause = from.cause;
        node.reason = from.reason;
        for (const auto& [package, term] : from.terms) {
            node.terms.push_back({packages[package], term.range, term.positive});
        }
        // The subject of a sentence comes first: who depends, whose versions are missing.
        std::stable_partition(node.terms.begin(), node.terms.end(),
                              [](const ConflictTerm& term) { return term.positive; });
        if (from.subject) {
            const Package& subject = packages[*from.subject];
            std::stable_partition(
                node.terms.begin(), node.terms.end(),
                [&](const ConflictTerm& term) { return term.package == subject; });
        }
        if (from.cause == ConflictCause::derived) {
            node.first = index_of(from.first);
            node.second = index_of(from.second);
        }
    }
    return nodes;
}

}  // namespace envpack::resolver
