#pragma once

#include "envpack/base/clock.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/provider_absence.hpp"
#include "envpack/index/package_index.hpp"
#include "envpack/packaging/format_control.hpp"
#include "envpack/packaging/marker.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/requirement.hpp"
#include "envpack/packaging/requirements_file.hpp"
#include "envpack/packaging/tag.hpp"
#include "envpack/packaging/version.hpp"
#include "envpack/packaging/version_range.hpp"
#include "envpack/resolver/solver.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The policy of a solve: what an index and a base offer to one target.
//
// * A package of the base is the only candidate of its name; no index is asked for it. What it
//   requires of other base packages is a fact and is not enforced; what it requires of packages
//   that are not there limits them, and pulls them in once the package itself is reached.
// * Pre-releases, yanked files and Requires-Python are handled as pip 26 does: a pre-release only
//   where a specifier in force names one or no final release matches; a yanked file only for a
//   pin. Upper bounds of Requires-Python count.
// * A source distribution only where a version has no wheel for the target, and only with
//   ProviderOptions::allow_sdists: reading its metadata may mean building it.
// * Direct references (`name @ url`) of METADATA are refused unless the request or a constraint
//   names the same place (ProviderOptions::direct), as uv does.
// * A constraint `name @ url` makes that place the one candidate, as with pip; it is opened when
//   the solve comes to that name, and never for a package that the base provides.
// * The extra of a base package adds what its METADATA says, and that is enforced like any
//   demand of the request, against base packages too.

namespace envpack::env {

/// One requirement of the request, or one constraint, and where it stands.
struct UserRequirement {
    packaging::Requirement requirement;
    std::string origin = {};  ///< "requirements.txt:7", "command line"
    std::vector<packaging::HashOption> hashes = {};
    /// How people wrote it, where `requirement` says less: `one @ file:///…` for `one===1.0`.
    std::string shown = {};

    std::string to_string() const;  ///< without its marker, for people
};

/// Where the one candidate of a name is.
struct DirectPlace {
    std::string url;
    std::string origin = {};     ///< who says so: "constraints.txt:3"
    bool is_constraint = false;  ///< otherwise the request itself
};

/// A package of the base, as a solve sees it. Value; not synchronised.
struct Provided {
    packaging::PackageName name;
    /// None when the installed one is no PEP 440 version: kept, never compared, fits nothing.
    std::optional<packaging::Version> version = std::nullopt;
    std::vector<packaging::Requirement> requires_dist = {};
    std::vector<packaging::PackageName> extras = {};
    std::string origin = {};       ///< "base image, layer 3"
    std::string raw_version = {};  ///< as installed, shown where `version` is none
    /// Owned by dpkg or distutils: never replaced, not even when unfrozen; at most hidden
    /// (ProviderOptions::shadowed).
    bool unremovable = false;
    /// What is installed, where it is to count as `version` all the same: treat_as_release().
    std::optional<packaging::Version> installed = std::nullopt;

    std::string shown_version() const;  ///< as installed
};

/// What becomes of a base package's requirement that the base does not fulfil.
enum class BaseDependencies : std::uint8_t {
    add,     ///< installed when the base package is reached (never for the torch stack)
    report,  ///< a note only
};

/// `add` or `report`.
Result<BaseDependencies> parse_base_dependencies(std::string_view word);

/// A demand that is given up: what `package` requires of `dependency`, or of every base package
/// where that is none. The base's version then counts as good enough.
struct Relaxation {
    packaging::PackageName package;
    std::optional<packaging::PackageName> dependency = std::nullopt;

    /// `NAME` or `NAME:DEPENDENCY`.
    static Result<Relaxation> parse(std::string_view text);
};

struct ProviderOptions {
    packaging::MarkerEnvironment environment;
    std::vector<packaging::Tag> tags;  ///< what the target can install, best first
    packaging::Version python_version;
    std::vector<UserRequirement> constraints = {};
    std::set<packaging::PackageName> unfrozen = {};  ///< base packages that may be replaced
    /// Base packages that another version may come before on the path, unremovable ones too.
    std::set<packaging::PackageName> shadowed = {};
    std::vector<Relaxation> relaxed = {};
    BaseDependencies base_dependencies = BaseDependencies::add;
    packaging::FormatControl formats = {};
    bool allow_sdists = false;
    bool prereleases = false;      ///< for every package
    bool no_dependencies = false;  ///< only what the request names
    /// Files uploaded later do not exist, nor do files whose upload time the index does not tell.
    std::optional<UnixTime> exclude_newer = std::nullopt;
    /// Names that the request or a constraint gives a place for: whatever `places` (none: the
    /// index) has under that name is the one candidate, and exempt from dates, hashes and rules on
    /// file kinds. A constraint with a URL that is not this one allows nothing.
    std::map<packaging::PackageName, DirectPlace> direct = {};
    const index::PackageIndex* places = nullptr;  ///< lives as long as the provider
    /// The sha256 digests of which a file of that name must have one; other names are free.
    std::map<packaging::PackageName, std::set<Digest>> hashes = {};

    /// Whether the base's package of that name may give way to another version.
    bool lets_move(const packaging::PackageName& name, bool unremovable) const {
        return shadowed.contains(name) || (!unremovable && unfrozen.contains(name));
    }
};

/// A package to install: what a Resolution chose that the base does not provide.
struct Selected {
    packaging::PackageName name;
    packaging::Version version;
    index::DistFile file;
    bool is_sdist = false;
    std::string index_url = {};                              ///< who listed the file
    std::string requires_python = {};                        ///< specifier text; may be empty
    std::vector<packaging::PackageName> extras = {};         ///< sorted
    std::vector<packaging::PackageName> dependencies = {};   ///< to be installed too; sorted
    std::vector<packaging::PackageName> uses_provided = {};  ///< of the base; sorted
};

/// A demand that was given up because ProviderOptions::relaxed or Provided::installed says so.
struct Relaxed {
    packaging::PackageName name;  ///< of the base
    std::string pin = {};         ///< the base's version
    std::string because = {};     ///< "xformers 0.0.26 requires torch==2.3.0"
    friend auto operator<=>(const Relaxed&, const Relaxed&) = default;
};

/// A package that is older than what the requirements alone would give.
struct HeldBack {
    packaging::PackageName name;
    packaging::Version chosen;
    packaging::Version instead;  ///< the newest that the requirements accept
    std::string by = {};         ///< "a constraint allows only numpy <2 (c.txt:3)"
};

struct Selection {
    std::vector<Selected> packages = {};                ///< by name
    std::vector<packaging::PackageName> provided = {};  ///< base packages reached; sorted
    std::vector<Relaxed> relaxed = {};                  ///< sorted
};

/// A note for each chosen wheel with machine code that uses a torch which NVIDIA built into the
/// base
/// (`2.6.0a0+….nv24.12`): wheels of an index are compiled against the released one. Nothing for
/// wheels that say `+ngcpytorch2412` and mean this base.
std::vector<std::string> abi_notes(const Selection& selection, std::span<const Provided> base);

/// The package counts as the release that its version comes before: 2.3.0 for 2.3.0a0+….nv24.4.
/// False, and nothing changes, where it is no pre-release.
bool treat_as_release(Provided& provided);

/// Part of the torch stack: built against each other, so never pulled in behind the user's back.
/// More than cuda::TorchMatrix::packages(): also what other places publish and what torch needs.
bool is_torch_stack(const packaging::PackageName& name);

class Prefetch;

/// resolver::DependencyProvider over an index and a base. One thread, but for what it fetches.
class PackageProvider final : public resolver::DependencyProvider {
public:
    /// `index` has to live as long as the provider and its copies; it gives the metadata of every
    /// file, those of ProviderOptions::places included.
    PackageProvider(const index::PackageIndex& index, ProviderOptions options,
                    std::vector<Provided> provided, const RunContext& run = {});
    ~PackageProvider() override;
    PackageProvider(PackageProvider&&) noexcept;
    PackageProvider& operator=(PackageProvider&&) noexcept;
    PackageProvider(const PackageProvider&) = delete;
    PackageProvider& operator=(const PackageProvider&) = delete;
    /// The same world under other options; shares what was fetched already.
    PackageProvider with_options(ProviderOptions options) const;
    /// The same world on top of another base.
    PackageProvider with_base(std::vector<Provided> provided) const;
    const ProviderOptions& options() const noexcept;

    /// The request as the solver's roots, without those whose marker is false here. unsupported
    /// for a direct reference. What the request names is decided first, as with pip: pins, then
    /// what has specifiers, then by name. Requirements in another order give the same answer.
    Result<std::vector<resolver::Dependency>> roots(std::span<const UserRequirement> requirements);

    Result<void> prepare(std::span<const resolver::Wanted> wanted) override;
    Result<std::vector<resolver::Exclusion>> exclusions(const resolver::Package& package) override;
    Result<std::uint64_t> priority(const resolver::Package& package,
                                   const packaging::VersionRange& range) override;
    Result<std::variant<packaging::Version, resolver::Unavailable>> choose(
        const resolver::Package& package, const packaging::VersionRange& range,
        std::span<const resolver::Demand> demands) override;
    Result<std::variant<std::vector<resolver::Dependency>, resolver::Unavailable>> dependencies(
        const resolver::Package& package, const packaging::Version& version) override;

    /// The files to install, and what they need of each other and of the base.
    Result<Selection> selection(const resolver::Resolution& resolution);

    /// The packages that a constraint or the base keeps from a newer version which everything else
    /// that was chosen accepts; by name. Metadata that the solve did not need is not fetched, so a
    /// cause further away is not seen.
    Result<std::vector<HeldBack>> held_back(const resolver::Resolution& resolution,
                                            std::span<const UserRequirement> requirements);

    /// An independent check of a resolution, over metadata and specifiers instead of ranges:
    /// every requirement is satisfied, and no base package has another version than the base. A
    /// breach is a bug: ErrorCode::internal, rule `resolve.base-changed` or `resolve.unsatisfied`.
    Result<void> verify(const resolver::Resolution& resolution,
                        std::span<const UserRequirement> requirements);

    /// Why choose() finds nothing in `range`.
    Result<Absence> absence(const packaging::PackageName& name,
                            const packaging::VersionRange& range,
                            std::span<const resolver::Demand> demands = {});
    /// Every version that the index (for a frozen name: the base) has, ascending, usable or not.
    Result<std::vector<packaging::Version>> versions(const packaging::PackageName& name);

    /// All of them, sorted by name, those that options().unfrozen names included.
    std::span<const Provided> provided() const noexcept;
    /// nullptr when the base has no such package.
    const Provided* find_provided(const packaging::PackageName& name) const noexcept;
    /// Of the base, and not to be replaced.
    bool is_frozen(const packaging::PackageName& name) const noexcept;

    /// What a person should know, sorted, without duplicates: an extra that does not exist, a
    /// requirement of the base that was not added, base packages that contradict each other. Of
    /// the calls of selection() so far, and only about what they reached.
    std::vector<std::string> notes() const;

private:
    friend class Prefetch;
    struct State;
    explicit PackageProvider(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

/// The resolution; nullopt when that is a conflict, or refused, or fails in any way but being
/// cancelled: what cannot be built or reached proves nothing.
Result<std::optional<resolver::Resolution>> solve_if_possible(
    PackageProvider& provider, std::span<const UserRequirement> requirements,
    const RunContext& run);

}  // namespace envpack::env
