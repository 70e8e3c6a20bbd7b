#pragma once

#include "envpack/env/package_provider.hpp"
#include "provider_candidates.hpp"
#include "provider_world.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::env {

/// Dependency::note of this provider.
enum DemandNote : std::uint32_t {
    names_prerelease = 1,  ///< a specifier names a pre-release: opts in
    pins_version = 2,      ///< `==` or `===`: may choose a yanked file
};
/// How the reason begins when METADATA of a version is for other Pythons.
inline constexpr std::string_view needs_python = "needs Python ";

std::uint32_t note_of(const packaging::SpecifierSet& specifiers);

/// A limit that holds whoever asks: a constraint, or what a base package requires.
struct Limit {
    packaging::VersionRange range;  ///< what is allowed
    packaging::SpecifierSet specifiers = {};
    std::string reason = {};
    std::uint32_t note = 0;  ///< DemandNote
};

struct PackageProvider::State {
    State(std::shared_ptr<ProviderWorld> shared_world, ProviderOptions chosen,
          std::vector<Provided> base, const RunContext& context);

    std::shared_ptr<ProviderWorld> world;
    ProviderOptions options;
    std::vector<Provided> provided;  // by name
    RunContext run;
    std::unique_ptr<const CandidateRules> rules;  // the projects point to it
    std::map<packaging::PackageName, ProjectCandidates> projects;
    std::map<packaging::PackageName, std::vector<Limit>> limits;
    std::map<packaging::PackageName, std::size_t> requested;  // rank
    std::map<packaging::PackageName, unsigned> expansions;    // of the index, a project
    std::set<std::string> notes;
    std::shared_ptr<Prefetch> prefetch;  // what was guessed stays guessed

    const Provided* find(const packaging::PackageName& name) const noexcept;
    const Provided* frozen(const packaging::PackageName& name) const noexcept;
    /// The place that a name has to come from; nullptr where the index decides.
    const DirectPlace* direct(const packaging::PackageName& name) const noexcept;
    /// The base's version, where it may be replaced but is preferred.
    const packaging::Version* preferred(const packaging::PackageName& name) const noexcept;
    /// Whether what `package` requires of the base package `dependency` was given up.
    bool is_relaxed(const packaging::PackageName& package,
                    const packaging::PackageName& dependency) const;
    bool holds(const packaging::Requirement& requirement,
               const packaging::PackageName* extra) const;

    void collect_limits();
    std::span<const Limit> limits_of(const packaging::PackageName& name) const;

    Result<ProviderWorld::ProjectPtr> project(const packaging::PackageName& name) const;
    Result<ProjectCandidates*> candidates(const packaging::PackageName& name);
    /// Metadata of a version of the index; older versions are fetched along the more often a
    /// project is asked for.
    Result<ProviderWorld::MetadataPtr> metadata(const packaging::PackageName& name,
                                                const packaging::Version& version);

    using Answer = std::variant<std::vector<resolver::Dependency>, resolver::Unavailable>;
    Result<Answer> index_dependencies(const resolver::Package& package,
                                      const packaging::Version& version);
    Answer provided_dependencies(const Provided& base, const resolver::Package& package);
    /// Whether a package of the base that lacks `name` brings it in.
    bool adds_for_base(const packaging::PackageName& name) const;
    /// Any version will do.
    static packaging::Requirement without_demand(packaging::Requirement requirement);
    /// Why `requirement` cannot be asked of an index; nullopt when it can.
    std::optional<std::string> refusal(const packaging::Requirement& requirement) const;
    static void append(const packaging::Requirement& requirement, std::string reason,
                       std::vector<resolver::Dependency>& to);

    /// The best position in candidates.versions(); or why there is none.
    struct Pick {
        std::optional<std::size_t> position = std::nullopt;
        Absence absence = {};
        bool for_these_demands = false;
    };
    Pick pick(const packaging::PackageName& name, ProjectCandidates& candidates,
              const packaging::VersionRange& range, std::span<const resolver::Demand> demands);
    Absence why_none(const packaging::PackageName& name, ProjectCandidates& candidates,
                     const packaging::VersionRange& range);
    Absence why_place_is_none(const packaging::PackageName& name, const DirectPlace& place,
                              ProjectCandidates& candidates,
                              const packaging::VersionRange& range) const;
    std::optional<Absence> why_not_frozen(const packaging::PackageName& name,
                                          const packaging::VersionRange& range) const;

    std::optional<std::string> held_back_by(const packaging::PackageName& name,
                                            const packaging::Version& version);

    /// The requirements in force of one selected package: its own, or those of its extra. Those
    /// that were given up demand no version; `given_up` gets them as they are written.
    Result<std::vector<packaging::Requirement>> requirements_of(
        const resolver::Package& package, const packaging::Version& version,
        std::vector<packaging::Requirement>* given_up = nullptr);
};

}  // namespace envpack::env
