#pragma once

#include "envpack/resolver/conflict.hpp"
#include "term.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace envpack::resolver {

using PackageId = std::uint32_t;
using IncompatibilityId = std::uint32_t;

/// Terms that can never all hold; at most one a package, ascending by package. What the solver
/// knows about the world is a growing list of these. Value; not synchronised.
struct Incompatibility {
    std::vector<std::pair<PackageId, Term>> terms = {};
    ConflictCause cause = ConflictCause::derived;
    std::string reason = {};
    std::uint32_t note = 0;  ///< Dependency::note
    IncompatibilityId first = 0;
    IncompatibilityId second = 0;
    std::optional<PackageId> subject = std::nullopt;  ///< whose term is shown first
    bool is_assumption = false;  ///< not a fact: relies on no further demand being met

    /// nullptr when no term is about the package.
    const Term* find(PackageId package) const noexcept;
    /// Adds `term`, by conjunction where the package has one already.
    void add(PackageId package, const Term& term);
};

/// Packages as small numbers, in the order in which they are met. One thread.
class PackageTable {
public:
    PackageId intern(const Package& package);
    const Package& operator[](PackageId id) const noexcept { return *packages_[id]; }
    PackageId find(const Package& package) const { return ids_.at(package); }  ///< is interned
    std::size_t size() const noexcept { return packages_.size(); }

private:
    std::map<Package, PackageId> ids_;
    std::vector<const Package*> packages_;  // keys of ids_: they never move
};

/// The rule of resolution: from two incompatibilities that mention `package`, the one that holds
/// whatever `package` is.
Incompatibility resolve_by(const std::vector<Incompatibility>& all, IncompatibilityId first,
                           IncompatibilityId second, PackageId package);

/// The proof of `contradiction`: every node that it follows from, in order, shared nodes once.
std::vector<ConflictNode> proof_of(const std::vector<Incompatibility>& all,
                                   IncompatibilityId contradiction, const PackageTable& packages);

}  // namespace envpack::resolver
