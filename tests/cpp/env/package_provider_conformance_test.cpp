#include "envpack/base/json.hpp"
#include "envpack/env/package_provider.hpp"
#include "envpack/packaging/requirements_file.hpp"
#include "support/conformance.hpp"
#include "support/universe_index.hpp"

#include <algorithm>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

// 145 resolution problems whose answers real resolvers gave. In these universes a source
// distribution has the metadata of its wheel, so ProviderOptions::allow_sdists is on.

namespace envpack::env {
namespace {

using packaging::PackageName;

std::vector<std::string> texts(const json::Value* value) {
    std::vector<std::string> result;
    if (value != nullptr && value->as_array() != nullptr) {
        for (const json::Value& item : *value->as_array()) {
            result.push_back(*item.as_string());
        }
    }
    return result;
}

bool flag(const json::Value& object, std::string_view key, bool fallback) {
    const json::Value* value = object.find(key);
    return value != nullptr && value->as_bool() != nullptr ? *value->as_bool() : fallback;
}

std::string with_extra(const std::string& requirement, const std::string& extra) {
    auto parsed = packaging::Requirement::parse(requirement).value();
    std::string marker = "extra == '" + extra + "'";
    if (parsed.marker) {
        marker = "(" + parsed.marker->to_string() + ") and " + marker;
        parsed.marker.reset();
    }
    return parsed.to_string() + " ; " + marker;
}

support::Release release_of(const json::Value& value) {
    support::Release release;
    release.requires_dist = texts(value.find("requires"));
    release.sdist = flag(value, "sdist", true);
    if (const json::Value* extras = value.find("extras"); extras != nullptr) {
        for (const auto& [extra, requirements] : *extras->as_object()) {
            release.extras.push_back(extra);
            for (const std::string& requirement : texts(&requirements)) {
                release.requires_dist.push_back(with_extra(requirement, extra));
            }
        }
    }
    if (const json::Value* python = value.find("requires_python")) {
        release.requires_python = *python->as_string();
    }
    if (flag(value, "yanked", false)) {
        release.yanked = "";
    }
    if (const json::Value* tags = value.find("wheel_tags")) {
        release.wheel_tags = texts(tags);
    } else if (!flag(value, "wheel", true)) {
        release.wheel_tags.clear();
    }
    return release;
}

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

std::vector<UserRequirement> user_requirements(const std::vector<std::string>& lines,
                                               bool& has_unnamed) {
    std::vector<UserRequirement> result;
    for (const std::string& text : lines) {
        const auto line = packaging::parse_requirement_argument(text, "case");
        if (!line || !line->requirement || !line->requirement->url.empty()) {
            has_unnamed = true;
        } else {
            result.push_back({*line->requirement, "case"});
        }
    }
    return result;
}

struct Answer {
    std::string text;
    std::string explanation = {};
    std::set<std::string> named = {};  // by the explanation
};

Answer answer_to(const json::Value& problem) {
    support::UniverseIndex index;
    std::map<PackageName, std::map<std::string, support::Release>> releases;
    for (const auto& [name, project] : *problem.find("packages")->as_object()) {
        for (const auto& [version, value] : *project.find("versions")->as_object()) {
            index.add(name, version, release_of(value));
            releases[PackageName::parse(name).value()][version] = release_of(value);
        }
    }
    const json::Value* platform = problem.find("platform");
    ProviderOptions options =
        support::target_options(*problem.find("python")->as_string(),
                                platform != nullptr && platform->as_string() ? 17 : 36);
    options.allow_sdists = true;
    const json::Value& wanted = *problem.find("options");
    options.prereleases = flag(wanted, "prereleases", false);
    for (const std::string& name : texts(wanted.find("no_build"))) {
        EXPECT_TRUE(options.formats.only_binary(name).has_value());
    }
    for (const std::string& name : texts(wanted.find("no_binary"))) {
        EXPECT_TRUE(options.formats.no_binary(name).has_value());
    }
    if (const json::Value* cli = problem.find("cli_options")) {
        options.no_dependencies = *cli->as_string() == "--no-deps";
    }
    bool has_unnamed = false;
    options.constraints = user_requirements(texts(problem.find("constraints")), has_unnamed);
    const auto requirements = user_requirements(texts(problem.find("requirements")), has_unnamed);
    if (has_unnamed) {
        return {"unsatisfiable"};
    }

    // What is installed is frozen where a constraint pins it, and may be replaced otherwise.
    std::vector<Provided> base;
    std::map<std::string, std::string> state;
    for (const auto& [name, version] : *problem.find("installed")->as_object()) {
        const auto& release = releases[PackageName::parse(name).value()][*version.as_string()];
        base.push_back(support::provided(name, *version.as_string(), release.requires_dist));
        state[base.back().name.to_string()] = base.back().version->to_string();
        const bool is_pinned = std::any_of(
            options.constraints.begin(), options.constraints.end(), [&](const auto& constraint) {
                return constraint.requirement.name == base.back().name;
            });
        if (!is_pinned) {
            options.unfrozen.insert(base.back().name);
        }
    }

    PackageProvider provider(index, options, base);
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

/// The packages that a sentence names: `b` or `b==1.0`.
std::set<std::string> names_in(const std::string& sentence) {
    std::set<std::string> names;
    for (std::size_t begin = sentence.find('`'); begin != std::string::npos;
         begin = sentence.find('`', begin + 1)) {
        const std::size_t end = sentence.find_first_of("`=<>!~", begin + 1);
        if (end == std::string::npos) {
            break;
        }
        const std::string name = sentence.substr(begin + 1, end - begin - 1);
        if (PackageName::parse(name)) {
            names.insert(name);
        }
        begin = sentence.find('`', begin + 1);
        if (begin == std::string::npos) {
            break;
        }
    }
    return names;
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
