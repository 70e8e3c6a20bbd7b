#include "envpack/resolver/solver.hpp"

#include "solver_state.hpp"

#include <algorithm>
#include <string>
#include <tuple>

namespace envpack::resolver {

using packaging::Version;
using packaging::VersionRange;

namespace {

// So many versions of a package refused because of what another one was decided to be, and the two
// swap their turns.
constexpr unsigned max_rejections = 5;

}  // namespace

Result<Outcome> solve(DependencyProvider& provider, std::span<const Dependency> roots,
                      const RunContext& run) {
    return Solver(provider, run).solve(roots);
}

Result<Outcome> Solver::solve(std::span<const Dependency> roots) {
    for (const Dependency& root : roots) {
        const PackageId package = intern(root.package);
        Incompatibility demand{
            .cause = ConflictCause::root_demand, .reason = root.reason, .note = root.note};
        demand.add(package, {root.range, false});
        list(add(std::move(demand)));
        enqueue(package);
    }
    while (true) {
        ENVPACK_CHECK(run_.check());
        if (const auto contradiction = propagate()) {
            return Conflict(proof_of(all_, *contradiction, packages_));
        }
        ENVPACK_TRY(const bool learned, meet_new_packages());
        if (learned) {
            continue;
        }
        ENVPACK_TRY(const auto package, next_package());
        if (!package) {
            if (has_assumptions_ && reject_unreached()) {
                continue;
            }
            return resolution();
        }
        ENVPACK_CHECK(decide(*package));
        if (needs_restart_) {
            restart();
        }
    }
}

PackageId Solver::intern(const Package& package) {
    const PackageId id = packages_.intern(package);
    if (id >= state_.size()) {
        state_.resize(id + 1);
        if (package.extra) {
            const PackageId project = intern({package.name});
            state_[id].project = project;
        }
    }
    return id;
}

/// Tells the provider of packages that became necessary; true when that taught something.
Result<bool> Solver::meet_new_packages() {
    std::vector<PackageId> fresh;
    std::vector<Wanted> wanted;
    for (PackageId id = 0; id < solution_.packages(); ++id) {
        if (solution_.is_open(id) && !state_[id].is_met) {
            state_[id].is_met = true;
            fresh.push_back(id);
            wanted.push_back({&packages_[id], &solution_.term(id)->range});
        }
    }
    if (fresh.empty()) {
        return false;
    }
    ENVPACK_CHECK(provider_.prepare(wanted));
    bool learned = false;
    for (const PackageId id : fresh) {
        ENVPACK_TRY(const auto exclusions, provider_.exclusions(packages_[id]));
        for (const Exclusion& exclusion : exclusions) {
            if (exclusion.range.is_empty()) {
                continue;
            }
            Incompatibility excluded{.cause = ConflictCause::excluded, .reason = exclusion.reason};
            excluded.add(id, {exclusion.range, true});
            list(add(std::move(excluded)));
            enqueue(id);
            learned = true;
        }
    }
    return learned;
}

Result<std::optional<PackageId>> Solver::next_package() {
    std::optional<PackageId> best;
    const auto key = [this](PackageId id) {
        const PerPackage& state = state_[id];
        // An extra follows its project at once: its version is no choice.
        const bool is_forced = state.project && !solution_.is_open(*state.project);
        return std::tuple(is_forced ? 0 : 1, state.is_late, state.stuck_at == progress_, state.turn,
                          state.priority);
    };
    for (PackageId id = 0; id < solution_.packages(); ++id) {
        if (!solution_.is_open(id)) {
            continue;
        }
        PerPackage& state = state_[id];
        if (state.project && solution_.is_open(*state.project)) {
            continue;
        }
        if (const std::uint64_t generation = solution_.generation(id);
            !state.project && state.priority_generation != generation) {
            ENVPACK_TRY(state.priority,
                        provider_.priority(packages_[id], solution_.term(id)->range));
            state.priority_generation = generation;
        }
        if (!best || key(id) < key(*best) ||
            (key(id) == key(*best) && packages_[id] < packages_[*best])) {
            best = id;
        }
    }
    return best;
}

std::vector<Demand> Solver::demands_on(PackageId package) const {
    std::vector<Demand> result;
    for (const IncompatibilityId id : state_[package].incompatibilities) {
        const Incompatibility& known = all_[id];
        const Term* term = known.find(package);
        if (term->positive) {
            continue;
        }
        if (known.cause == ConflictCause::root_demand) {
            result.push_back({nullptr, &term->range, known.note});
        } else if (known.cause == ConflictCause::dependency) {
            const PackageId by = known.terms[known.terms.front().first == package ? 1 : 0].first;
            const auto& version = solution_.decision(by);
            if (version && known.find(by)->contains(*version)) {
                result.push_back({&packages_[by], &term->range, known.note});
            }
        }
    }
    return result;
}

Result<void> Solver::decide(PackageId package) {
    if (state_[package].project) {
        return decide_extra(package, *state_[package].project);
    }
    const VersionRange range = solution_.term(package)->range;
    ENVPACK_TRY(auto chosen, provider_.choose(packages_[package], range, demands_on(package)));
    if (auto* none = std::get_if<Unavailable>(&chosen)) {
        if (!none->for_these_demands) {
            Incompatibility absent{.cause = ConflictCause::no_versions,
                                   .reason = std::move(none->reason),
                                   .subject = package};
            absent.add(package, {range, true});
            list(add(std::move(absent)));
            enqueue(package);
        } else if (!state_[package].is_late) {
            // Those who are decided meanwhile may demand what makes the difference.
            state_[package].is_late = true;
        } else if (state_[package].stuck_at != progress_) {
            state_[package].stuck_at = progress_;
        } else {
            // All that are open are stuck like this one.
            assume(package, range, std::move(none->reason), decided());
        }
        return {};
    }
    return try_version(package, std::get<Version>(chosen));
}

/// `name[extra]` has the version of `name`: decided already, or not yet demanded.
Result<void> Solver::decide_extra(PackageId package, PackageId project) {
    const VersionRange range = solution_.term(package)->range;
    const auto version = solution_.decision(project);
    if (version && range.contains(*version)) {
        return try_version(package, *version);
    }
    Incompatibility same{.cause = ConflictCause::same_project};
    same.add(package, {range, true});
    same.add(project, {range, false});
    list(add(std::move(same)));
    enqueue(package);
    return {};
}

Result<void> Solver::try_version(PackageId package, const Version& version) {
    std::vector<IncompatibilityId> added;
    if (state_[package].expanded.insert(version).second) {
        ENVPACK_TRY(auto answer, provider_.dependencies(packages_[package], version));
        if (auto* refused = std::get_if<Unavailable>(&answer)) {
            Incompatibility unusable{.cause = ConflictCause::unavailable,
                                     .reason = std::move(refused->reason)};
            unusable.add(package, {VersionRange::of(version), true});
            added.push_back(add(std::move(unusable)));
            list(added.back());
        } else {
            for (const Dependency& dependency : std::get<0>(answer)) {
                add_dependency(package, version, dependency, added);
            }
        }
    }
    enqueue(package);
    // A version that is known to fail at once is not decided; propagation then rules it out.
    for (const IncompatibilityId id : added) {
        if (solution_.would_satisfy(all_[id], package, version)) {
            ++counts_.conflicts;
            blame(package, all_[id]);
            return {};
        }
    }
    solution_.decide(package, version);
    ++counts_.decisions;
    ++progress_;
    return {};
}

/// Counts a refusal. Where one package is refused over and over because of another one's decision,
/// that decision is taken back, and the refused one comes first from then on.
void Solver::blame(PackageId package, const Incompatibility& incompatibility) {
    if (incompatibility.cause != ConflictCause::dependency || incompatibility.terms.size() != 2) {
        return;
    }
    const PackageId other =
        incompatibility.terms[incompatibility.terms.front().first == package ? 1 : 0].first;
    // A package that has only one version to offer could not give way.
    if (!solution_.decision(other) || solution_.derived(other)->range.only_version()) {
        return;
    }
    if (++state_[package].rejections != max_rejections || state_[package].turn == 0) {
        return;
    }
    state_[package].turn = 0;
    if (state_[other].turn != 0) {
        state_[other].turn = 2;
    }
    backtrack(solution_.decision_level(other) - 1);
    enqueue(other);
}

void Solver::add_dependency(PackageId package, const Version& version, const Dependency& dependency,
                            std::vector<IncompatibilityId>& added) {
    const PackageId target = intern(dependency.package);
    needs_restart_ = needs_restart_ || state_[target].is_assumed;
    Incompatibility needs{
        .cause = ConflictCause::dependency, .reason = dependency.reason, .note = dependency.note};
    needs.add(package, {VersionRange::of(version), true});
    if (target == package && dependency.range.contains(version)) {
        return;
    }
    if (target == package || !dependency.range.is_empty()) {
        needs.add(target, {dependency.range, false});
    }
    if (target == package || dependency.range.is_empty()) {
        added.push_back(add(std::move(needs)));
        list(added.back());
        return;
    }
    // Versions with the same dependency share one incompatibility: shorter proofs.
    for (const IncompatibilityId id : state_[target].incompatibilities) {
        const Incompatibility& known = all_[id];
        const Term* dependent = known.find(package);
        if (known.cause == ConflictCause::dependency && dependent != nullptr &&
            dependent->positive && known.note == needs.note && known.reason == needs.reason &&
            known.find(target)->range == dependency.range) {
            needs.terms = known.terms;
            for (auto& [owner, term] : needs.terms) {
                if (owner == package) {
                    term.range = term.range | VersionRange::of(version);
                }
            }
            unlist(id);
            break;
        }
    }
    added.push_back(add(std::move(needs)));
    list(added.back());
}

Resolution Solver::resolution() const {
    Resolution result{.versions = {}, .counts = counts_};
    for (PackageId id = 0; id < solution_.packages(); ++id) {
        if (const auto& version = solution_.decision(id)) {
            result.versions.emplace(packages_[id], *version);
        }
    }
    return result;
}

}  // namespace envpack::resolver
