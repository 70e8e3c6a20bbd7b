#pragma once

#include "envpack/base/run_context.hpp"
#include "envpack/resolver/solver.hpp"
#include "incompatibility.hpp"
#include "partial_solution.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace envpack::resolver {

/// One solve. `run()` is the loop of the algorithm; everything else is a step of it. One thread.
class Solver {
public:
    Solver(DependencyProvider& provider, const RunContext& run) noexcept
        : provider_(provider), run_(run) {}
    Result<Outcome> solve(std::span<const Dependency> roots);

private:
    // Knowledge.
    IncompatibilityId add(Incompatibility incompatibility);
    void list(IncompatibilityId id);
    void unlist(IncompatibilityId id);
    void add_dependency(PackageId package, const packaging::Version& version,
                        const Dependency& dependency, std::vector<IncompatibilityId>& added);

    // What holds only as long as nobody else makes a demand.
    void assume(PackageId package, const packaging::VersionRange& range, std::string reason,
                const std::vector<bool>& is_chosen);
    std::vector<bool> decided() const;
    std::vector<bool> reached() const;
    bool reject_unreached();
    void restart();

    // Unit propagation and conflict resolution; the id is the contradiction: no solution.
    std::optional<IncompatibilityId> propagate();
    std::optional<IncompatibilityId> resolve_conflict(IncompatibilityId conflict);
    void backtrack(std::uint32_t level);
    void enqueue(PackageId package);
    void mark_contradicted(IncompatibilityId id);

    // Decisions.
    Result<bool> meet_new_packages();
    Result<std::optional<PackageId>> next_package();
    Result<void> decide(PackageId package);
    Result<void> decide_extra(PackageId package, PackageId project);
    Result<void> try_version(PackageId package, const packaging::Version& version);
    void blame(PackageId package, const Incompatibility& incompatibility);
    /// What is in force on `package`.
    std::vector<Demand> demands_on(PackageId package) const;
    Resolution resolution() const;

    /// What the solver keeps for each package.
    struct PerPackage {
        std::vector<IncompatibilityId> incompatibilities;
        std::set<packaging::Version> expanded;  // whose dependencies are known
        bool is_met = false;
        bool is_queued = false;
        std::optional<PackageId> project;  // of an extra
        std::uint64_t priority = 0;
        std::uint64_t priority_generation = 0;
        unsigned rejections = 0;
        int turn = 1;                // 0: early, 2: late
        bool is_late = false;        // had no version for the demands of then
        std::uint64_t stuck_at = 0;  // the progress at which it had none again
        bool is_assumed = false;     // a new demand on it ends what assume() learned
    };
    PackageId intern(const Package& package);

    DependencyProvider& provider_;
    const RunContext& run_;
    PackageTable packages_;
    std::vector<PerPackage> state_;
    std::vector<Incompatibility> all_;
    std::vector<bool> contradicted_;  // by incompatibility: cannot become unit at this level
    std::vector<std::pair<std::uint32_t, IncompatibilityId>> contradicted_log_;  // by level
    PartialSolution solution_;
    std::vector<PackageId> queue_;
    std::uint64_t progress_ = 1;  // grows with every decision and with every one taken back
    SolveCounts counts_;
    bool has_assumptions_ = false;
    bool needs_restart_ = false;
};

}  // namespace envpack::resolver
