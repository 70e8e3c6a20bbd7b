#include "envpack/resolver/solver.hpp"
#include "support/offline_provider.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

// Random small universes against a solver that tries everything.

namespace envpack::resolver {
namespace {

using packaging::Version;
using support::OfflineProvider;

using Assignment = std::map<Package, Version>;

struct Problem {
    OfflineProvider provider;
    std::vector<Dependency> roots;
};

Problem random_problem(std::uint32_t seed) {
    std::mt19937 random(seed);
    const auto below = [&](std::uint32_t bound) {
        return static_cast<std::uint32_t>(random() % bound);
    };
    static const std::vector<std::string> operators = {"==", ">=", "<=", "!=", "<", ">"};
    Problem problem;
    const std::uint32_t packages = 3 + below(4);
    const auto requirement = [&] {
        std::string text = "p" + std::to_string(below(packages));
        if (below(4) != 0) {
            text += operators[below(6)] + std::to_string(1 + below(3));
        }
        return text;
    };
    for (std::uint32_t package = 0; package < packages; ++package) {
        const std::uint32_t versions = below(8) == 0 ? 0 : 1 + below(3);
        for (std::uint32_t version = 1; version <= versions; ++version) {
            std::vector<std::string> needs;
            for (std::uint32_t i = below(4); i > 0; --i) {
                needs.push_back(requirement());
            }
            const std::string name = "p" + std::to_string(package);
            if (below(12) == 0) {
                problem.provider.forbid(name, std::to_string(version), "broken");
            } else {
                problem.provider.add(name, std::to_string(version), needs);
            }
        }
    }
    if (below(3) == 0) {
        problem.provider.exclude(requirement(), "excluded");
    }
    std::vector<std::string> roots;
    for (std::uint32_t i = 1 + below(3); i > 0; --i) {
        roots.push_back(requirement());
    }
    problem.roots = support::roots_of(roots);
    return problem;
}

/// Every choice of at most one version for each package.
std::vector<Assignment> all_assignments(const OfflineProvider& provider) {
    std::vector<Assignment> all = {{}};
    for (const auto& [package, releases] : provider.universe()) {
        const std::size_t count = all.size();
        for (std::size_t i = 0; i < count; ++i) {
            for (const auto& [version, release] : releases) {
                Assignment with = all[i];
                with.emplace(package, version);
                all.push_back(std::move(with));
            }
        }
    }
    return all;
}

bool satisfies(const Assignment& assignment, const Dependency& dependency) {
    const auto found = assignment.find(dependency.package);
    return found != assignment.end() && dependency.range.contains(found->second);
}

bool is_valid(const Assignment& assignment, Problem& problem) {
    for (const Dependency& root : problem.roots) {
        if (!satisfies(assignment, root)) {
            return false;
        }
    }
    for (const auto& [package, version] : assignment) {
        const auto exclusions = problem.provider.exclusions(package).value();
        for (const Exclusion& exclusion : exclusions) {
            if (exclusion.range.contains(version)) {
                return false;
            }
        }
        const auto needs = problem.provider.dependencies(package, version).value();
        if (std::holds_alternative<Unavailable>(needs)) {
            return false;
        }
        for (const Dependency& dependency : std::get<0>(needs)) {
            if (!satisfies(assignment, dependency)) {
                return false;
            }
        }
    }
    return true;
}

/// All terms of the node hold.
bool holds(const ConflictNode& node, const Assignment& assignment) {
    return std::all_of(node.terms.begin(), node.terms.end(), [&](const ConflictTerm& term) {
        const auto found = assignment.find(term.package);
        const bool inside = found != assignment.end() && term.range.contains(found->second);
        return inside == term.positive;
    });
}

bool mentions_every_selected(const Assignment& assignment, Problem& problem) {
    std::set<Package> reached;
    std::vector<Package> queue;
    for (const Dependency& root : problem.roots) {
        queue.push_back(root.package);
    }
    while (!queue.empty()) {
        const Package package = queue.back();
        queue.pop_back();
        if (!reached.insert(package).second) {
            continue;
        }
        const auto needs = problem.provider.dependencies(package, assignment.at(package)).value();
        for (const Dependency& dependency : std::get<0>(needs)) {
            queue.push_back(dependency.package);
        }
    }
    return reached.size() == assignment.size();
}

TEST(SolverProperty, AgreesWithTryingEverything) {
    std::size_t conflicts = 0;
    for (std::uint32_t seed = 0; seed < 1000; ++seed) {
        SCOPED_TRACE(seed);
        Problem problem = random_problem(seed);
        const auto outcome = solve(problem.provider, problem.roots);
        ASSERT_TRUE(outcome.has_value()) << outcome.error().render();
        const std::vector<Assignment> all = all_assignments(problem.provider);
        if (const auto* resolution = std::get_if<Resolution>(&*outcome)) {
            ASSERT_TRUE(is_valid(resolution->versions, problem));
            ASSERT_TRUE(mentions_every_selected(resolution->versions, problem));
            continue;
        }
        ++conflicts;
        const Conflict& conflict = std::get<Conflict>(*outcome);
        ASSERT_TRUE(std::none_of(all.begin(), all.end(), [&](const Assignment& assignment) {
            return is_valid(assignment, problem);
        })) << conflict.explain();

        // The proof is one: each step follows from its causes, and the last says "never".
        const Conflict short_one = conflict.simplified(
            [&](const packaging::PackageName& name) { return problem.provider.versions(name); });
        for (const Conflict& proof : {conflict, short_one}) {
            ASSERT_TRUE(proof.nodes().back().terms.empty());
            for (std::size_t i = 0; i < proof.nodes().size(); ++i) {
                const ConflictNode& node = proof.nodes()[i];
                if (node.cause != ConflictCause::derived) {
                    continue;
                }
                ASSERT_LT(node.first, i);
                ASSERT_LT(node.second, i);
                ASSERT_TRUE(std::all_of(all.begin(), all.end(),
                                        [&](const Assignment& assignment) {
                                            return !holds(node, assignment) ||
                                                   holds(proof.nodes()[node.first], assignment) ||
                                                   holds(proof.nodes()[node.second], assignment);
                                        }))
                    << to_sentence(node) << "\n"
                    << proof.explain();
            }
            ASSERT_FALSE(proof.explain().empty());
        }
    }
    EXPECT_GT(conflicts, 100U);
    EXPECT_LT(conflicts, 900U);
}

TEST(SolverProperty, SameQuestionSameAnswer) {
    for (std::uint32_t seed = 0; seed < 200; ++seed) {
        Problem problem = random_problem(seed);
        Problem again = random_problem(seed);
        const auto a = solve(problem.provider, problem.roots).value();
        const auto b = solve(again.provider, again.roots).value();
        ASSERT_EQ(a.index(), b.index());
        if (const auto* conflict = std::get_if<Conflict>(&a)) {
            EXPECT_EQ(conflict->explain(), std::get<Conflict>(b).explain());
        } else {
            EXPECT_EQ(std::get<Resolution>(a).versions, std::get<Resolution>(b).versions);
        }
    }
}

}  // namespace
}  // namespace envpack::resolver
