#include "envpack/base/json.hpp"
#include "envpack/env/explain.hpp"
#include "support/conformance.hpp"
#include "support/resolver_case.hpp"

#include <algorithm>
#include <cctype>
#include <iostream>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

// The explanations of the unsatisfiable problems. Which packages take part is found without the
// proof, by leaving out what is known of packages and solving again: those that are named are
// enough for the conflict, and without any one of them the rest of them has a solution.

namespace envpack::env {
namespace {

using support::resolver_case;
using support::ResolverCase;

bool is_satisfiable(const ResolverCase& given) {
    PackageProvider provider(given.index, given.options, given.base);
    const auto roots = provider.roots(given.requirements);
    if (!roots) {
        return false;
    }
    return std::holds_alternative<resolver::Resolution>(resolver::solve(provider, *roots).value());
}

bool is_unsatisfiable(const json::Value& problem) {
    const auto& accepted = *problem.find("accept")->as_array();
    return std::none_of(accepted.begin(), accepted.end(), [](const json::Value& answer) {
        return support::flag(answer, "satisfiable", false);
    });
}

/// The words that could be names.
std::set<std::string> words_of(const std::string& text) {
    std::set<std::string> words;
    std::string word;
    for (const char c : text + "\n") {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_') {
            word += c;
        } else {
            words.insert(std::move(word));
            word.clear();
        }
    }
    return words;
}

/// The facts of an explanation, none folded away, without the ways out.
std::string facts_of(const Explanation& explanation) {
    std::string text = explanation.headline + "\n";
    for (const Cause& cause : explanation.causes) {
        text += cause.package + " " + cause.who + " " + cause.text + "\n";
    }
    return text;
}

class Explanations : public testing::TestWithParam<std::string> {};

TEST_P(Explanations, NameWhatTakesPartAndNothingElse) {
    if (const std::string missing = support::conformance_missing(); !missing.empty()) {
        GTEST_SKIP() << missing;
    }
    int total = 0;
    for (const json::Value& problem :
         support::conformance_cases("resolver/" + GetParam() + ".json")) {
        const ResolverCase given = resolver_case(problem);
        if (!is_unsatisfiable(problem) || given.has_unnamed) {
            continue;
        }
        const std::string id = *problem.find("id")->as_string();
        SCOPED_TRACE(id);
        ++total;
        PackageProvider provider(given.index, given.options, given.base);
        const auto roots = provider.roots(given.requirements).value();
        const auto outcome = resolver::solve(provider, roots).value();
        const auto* conflict = std::get_if<resolver::Conflict>(&outcome);
        ASSERT_NE(conflict, nullptr);
        const Explanation explanation =
            explain(*conflict, provider, given.requirements, {.find_ways_out = false}).value();
        const std::string facts = facts_of(explanation);
        const std::set<std::string> words = words_of(facts);
        const std::set<std::string> named(explanation.packages.begin(), explanation.packages.end());

        if (const json::Value* reason = problem.find("explanation")) {
            for (const std::string& name : support::names_in(*reason->as_string())) {
                EXPECT_TRUE(named.contains(name)) << name << " is not named\n" << facts;
            }
        }
        std::set<std::string> others;
        for (const std::string& name : given.packages) {
            EXPECT_EQ(words.contains(name), named.contains(name))
                << name << " is " << (named.contains(name) ? "missing" : "too much") << "\n"
                << facts << explanation.proof;
            if (!named.contains(name)) {
                others.insert(name);
            }
        }
        EXPECT_FALSE(is_satisfiable(resolver_case(problem, others))) << "more packages take part\n"
                                                                     << facts;
        for (const std::string& name : named) {
            std::set<std::string> without = others;
            without.insert(name);
            EXPECT_TRUE(is_satisfiable(resolver_case(problem, without)))
                << name << " takes no part\n"
                << facts << explanation.proof;
        }
    }
    std::cout << GetParam() << ": " << total << " conflicts explained\n";
}

INSTANTIATE_TEST_SUITE_P(Resolver, Explanations,
                         testing::Values("packse_uv", "pip_constraints", "pip_yaml"),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace envpack::env
