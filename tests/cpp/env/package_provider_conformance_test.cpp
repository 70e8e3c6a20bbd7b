#include "envpack/base/json.hpp"
#include "envpack/env/package_provider.hpp"
#include "support/conformance.hpp"
#include "support/resolver_case.hpp"

#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

// 145 resolution problems whose answers real resolvers gave.

namespace envpack::env {
namespace {

using support::flag;
using support::names_in;

/// "unsatisfiable", or "a 1.0, b 2.0".
std::string answer_text(const std::map<std::string, std::string>& packages) {
    std::string text = "satisfied:";
    for (const auto& [name, version] : packages) {
        text += " " + name + " " + version;
    }
    return text;
}

std::set<std::string> accepted_answers(const json::Value& problem) {
    std::set<std::string> accepted;
    for (const json::Value& answer : *problem.find("accept")->as_array()) {
        if (!flag(answer, "satisfiable", false)) {
            accepted.insert("unsatisfiable");
            continue;
        }
        if (answer.find("packages")->is_null()) {
            accepted.insert("satisfied");
            continue;
        }
        std::map<std::string, std::string> packages;
        if (const json::Value* listed = answer.find("packages"); listed->as_object() != nullptr) {
            for (const auto& [name, version] : *listed->as_object()) {
                packages[name] = packaging::Version::parse(*version.as_string())->to_string();
            }
        }
        accepted.insert(answer_text(packages));
    }
    return accepted;
}

struct Answer {
    std::string text;
    std::string explanation = {};
    std::set<std::string> named = {};  // by the explanation
};

Answer answer_to(const json::Value& problem) {
    support::ResolverCase given = support::resolver_case(problem);
    if (given.has_unnamed) {
        return {"unsatisfiable"};
    }
    std::map<std::string, std::string>& state = given.state;
    const auto& requirements = given.requirements;
    PackageProvider provider(given.index, given.options, given.base);
    const auto roots = provider.roots(requirements);
    auto outcome = resolver::solve(provider, roots.value());
    if (!outcome) {
        return {"error: " + outcome.error().render()};
    }
    if (const auto* conflict = std::get_if<resolver::Conflict>(&*outcome)) {
        std::set<std::string> named;
        for (const auto& name : conflict->packages()) {
            named.insert(name.to_string());
        }
        return {"unsatisfiable", conflict->explain(), std::move(named)};
    }
    const auto& resolution = std::get<resolver::Resolution>(*outcome);
    const auto verified = provider.verify(resolution, requirements);
    EXPECT_TRUE(verified.has_value()) << verified.error().render();
    EXPECT_TRUE(provider.selection(resolution).has_value());
    for (const auto& [package, version] : resolution.versions) {
        if (!package.extra) {
            state[package.name.to_string()] = version.to_string();
        }
    }
    return {answer_text(state)};
}

class Conformance : public testing::TestWithParam<std::string> {};

TEST_P(Conformance, AnswersAreThoseOfRealResolvers) {
    if (const std::string missing = support::conformance_missing(); !missing.empty()) {
        GTEST_SKIP() << missing;
    }
    std::map<std::string, std::pair<int, int>> by_tier;  // passed, total
    for (const json::Value& problem :
         support::conformance_cases("resolver/" + GetParam() + ".json")) {
        const std::string id = *problem.find("id")->as_string();
        const std::string tier = *problem.find("tier")->as_string();
        const Answer answer = answer_to(problem);
        const auto accepted = accepted_answers(problem);
        const bool is_right =
            accepted.contains(answer.text) ||
            (accepted.contains("satisfied") && answer.text.starts_with("satisfied:"));
        by_tier[tier].first += is_right ? 1 : 0;
        ++by_tier[tier].second;
        std::string expected;
        for (const std::string& one : accepted) {
            expected += "\n  accepted: " + one;
        }
        EXPECT_TRUE(is_right) << tier << " " << id << "\n  answer: " << answer.text << expected
                              << "\n"
                              << answer.explanation;
        if (const json::Value* reason = problem.find("explanation");
            is_right && answer.text == "unsatisfiable" && reason != nullptr) {
            for (const std::string& name : names_in(*reason->as_string())) {
                EXPECT_TRUE(answer.named.contains(name)) << id << " does not name " << name << "\n"
                                                         << answer.explanation;
            }
        }
    }
    for (const auto& [tier, counts] : by_tier) {
        std::cout << GetParam() << " " << tier << ": " << counts.first << " / " << counts.second
                  << "\n";
    }
}

INSTANTIATE_TEST_SUITE_P(Resolver, Conformance,
                         testing::Values("packse_uv", "pip_constraints", "pip_yaml"),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace envpack::env
