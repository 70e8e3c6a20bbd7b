#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/version.hpp"
#include "envpack/packaging/version_range.hpp"

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace envpack::resolver {

/// What gets one version: a project, or an extra of a project (`name[extra]`), which the solver
/// keeps at the version of the project itself. The root of a solve is no Package.
struct Package {
    packaging::PackageName name;
    std::optional<packaging::PackageName> extra = std::nullopt;
    std::string to_string() const;  ///< "name" or "name[extra]"
    friend auto operator<=>(const Package&, const Package&) = default;
};

/// `package` has to be in `range`. `reason` is shown by explanations ("requirements.txt:7") and
/// takes no part in the solve; nor does `note`, which is the provider's own and comes back in a
/// Demand. One who demands an extra demands the project too, in the same range.
struct Dependency {
    Package package;
    packaging::VersionRange range;
    std::string reason = {};
    std::uint32_t note = 0;
};

/// A Dependency in force: one of the root's, or one of a version that is decided. The pointers
/// live for the call that they are passed to.
struct Demand {
    const Package* by = nullptr;  ///< nullptr: the root
    const packaging::VersionRange* range = nullptr;
    std::uint32_t note = 0;
};

/// A version, or every version of a range, that cannot be used, and why ("no wheel for cp311 on
/// linux x86_64").
struct Unavailable {
    std::string reason;
    /// choose() only: a further demand might offer a version; it never takes one away. The solver
    /// asks again when everything else is decided, and then looks for such a demand.
    bool for_these_demands = false;
};

/// A package that the solve has come to, and the range that is left of it.
struct Wanted {
    const Package* package = nullptr;
    const packaging::VersionRange* range = nullptr;
};

/// Versions of a package that can never be chosen, whoever asks, and why ("the base image has
/// numpy 1.24.4").
struct Exclusion {
    packaging::VersionRange range;
    std::string reason;
};

/// What the solver asks of the world. All policy (pre-releases, yanks, kinds of files, the
/// provided base) lives behind it; the solver itself knows only ranges. The same question has to
/// get the same answer all through a solve. One thread.
class DependencyProvider {
public:
    virtual ~DependencyProvider() = default;
    /// Told of packages before anything else is asked about them, all that are new at once: the
    /// place to fetch in parallel. Failing here fails the solve.
    virtual Result<void> prepare(std::span<const Wanted> wanted);
    /// Asked once a package, after prepare(): what the solver may know before it looks at versions.
    /// None by default.
    virtual Result<std::vector<Exclusion>> exclusions(const Package& package);
    /// Which undecided package to decide next: the lowest number first, ties by name.
    virtual Result<std::uint64_t> priority(const Package& package,
                                           const packaging::VersionRange& range) = 0;
    /// The best version in `range`; or none, with the reason that an explanation shows. `demands`
    /// are those in force on the package; `range` is at most their intersection. Never asked for
    /// an extra.
    virtual Result<std::variant<packaging::Version, Unavailable>> choose(
        const Package& package, const packaging::VersionRange& range,
        std::span<const Demand> demands) = 0;
    virtual Result<std::variant<std::vector<Dependency>, Unavailable>> dependencies(
        const Package& package, const packaging::Version& version) = 0;
};

}  // namespace envpack::resolver
