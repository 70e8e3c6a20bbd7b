#pragma once

#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/version.hpp"
#include "envpack/packaging/version_range.hpp"
#include "envpack/resolver/dependency_provider.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::resolver {

/// Why a ConflictNode is true.
enum class ConflictCause : std::uint8_t {
    root_demand,   ///< a Dependency of the root; terms: not package
    dependency,    ///< a Dependency of versions; terms: dependent, not package
    excluded,      ///< an Exclusion; terms: package
    no_versions,   ///< choose() found none; terms: package, not those whose demands might help
    unavailable,   ///< dependencies() refused the version; terms: package
    same_project,  ///< `name[extra]` has the version of `name`; terms: extra, not project
    derived,       ///< follows from the nodes `first` and `second`
};
std::string_view to_string(ConflictCause cause) noexcept;

/// Positive: the package is selected, in `range`. Negative: it is not.
struct ConflictTerm {
    Package package;
    packaging::VersionRange range;
    bool positive = true;
};

/// Terms that can never all be true. No terms: a contradiction.
struct ConflictNode {
    ConflictCause cause = ConflictCause::derived;
    std::vector<ConflictTerm> terms = {};
    std::string reason = {};  ///< Dependency::reason or Unavailable::reason; empty when derived
    std::size_t first = 0;    ///< derived: index of a node before this one
    std::size_t second = 0;   ///< derived: index of a node before this one
};

/// What is known of a project's versions, ascending; for shorter texts.
using KnownVersions = std::function<std::vector<packaging::Version>(const packaging::PackageName&)>;

/// The node as half a sentence: "a >=2 depends on b <3", "no version of c matches >=9".
std::string to_sentence(const ConflictNode& node);

/// Proof that no solution exists: a derivation tree, walkable and printable. A copy shares it.
/// Value; not synchronised.
class Conflict {
public:
    /// `nodes` is not empty and in the order of nodes().
    explicit Conflict(std::vector<ConflictNode> nodes);

    /// Causes before what follows from them; the last one is the contradiction.
    std::span<const ConflictNode> nodes() const noexcept { return *nodes_; }
    /// Every project that the proof mentions, sorted.
    std::vector<packaging::PackageName> packages() const;
    /// The proof in sentences, one a line, numbered where a later line refers to an earlier one:
    /// "Because every version of a depends on b <2 and you require b >=2, a is forbidden."
    std::string explain() const;
    /// The same proof with every range as simple as the versions that exist allow: "every version"
    /// for the union of all of them. For people only: a range then stands for those versions.
    Conflict simplified(const KnownVersions& versions) const;

private:
    std::shared_ptr<const std::vector<ConflictNode>> nodes_;
};

}  // namespace envpack::resolver
