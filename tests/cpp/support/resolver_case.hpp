#pragma once

#include "envpack/base/json.hpp"
#include "envpack/env/package_provider.hpp"
#include "envpack/packaging/requirements_file.hpp"
#include "support/universe_index.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

// The resolution problems of the conformance data, as what a solve needs. In these universes a
// source distribution has the metadata of its wheel, so ProviderOptions::allow_sdists is on.

namespace envpack::support {

inline std::vector<std::string> texts(const json::Value* value) {
    std::vector<std::string> result;
    if (value != nullptr && value->as_array() != nullptr) {
        for (const json::Value& item : *value->as_array()) {
            result.push_back(*item.as_string());
        }
    }
    return result;
}

inline bool flag(const json::Value& object, std::string_view key, bool fallback) {
    const json::Value* value = object.find(key);
    return value != nullptr && value->as_bool() != nullptr ? *value->as_bool() : fallback;
}

inline std::string with_extra(const std::string& requirement, const std::string& extra) {
    auto parsed = packaging::Requirement::parse(requirement).value();
    std::string marker = "extra == '" + extra + "'";
    if (parsed.marker) {
        marker = "(" + parsed.marker->to_string() + ") and " + marker;
        parsed.marker.reset();
    }
    return parsed.to_string() + " ; " + marker;
}

inline Release release_of(const json::Value& value) {
    Release release;
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

inline std::vector<env::UserRequirement> user_requirements(const std::vector<std::string>& lines,
                                                           bool& has_unnamed) {
    std::vector<env::UserRequirement> result;
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

/// One problem of the conformance data.
struct ResolverCase {
    env::ProviderOptions options;
    UniverseIndex index = {};
    std::vector<env::UserRequirement> requirements = {};
    std::vector<env::Provided> base = {};
    std::set<std::string> packages = {};            ///< of the index and the base
    std::map<std::string, std::string> state = {};  ///< of the base: versions by name
    bool has_unnamed = false;                       ///< asks for files, which envpack refuses
};

inline bool names_any(const std::string& requirement, const std::set<std::string>& names) {
    const auto parsed = packaging::Requirement::parse(requirement);
    return parsed && names.contains(parsed->name.to_string());
}

/// The problem as if nobody had ever said anything of the packages `without`.
inline ResolverCase resolver_case(const json::Value& problem,
                                  const std::set<std::string>& without = {}) {
    const json::Value* platform = problem.find("platform");
    ResolverCase result{target_options(*problem.find("python")->as_string(),
                                       platform != nullptr && platform->as_string() ? 17 : 36)};
    const auto lines = [&](const json::Value* value) {
        auto all = texts(value);
        std::erase_if(all, [&](const std::string& text) { return names_any(text, without); });
        return all;
    };
    std::map<packaging::PackageName, std::map<std::string, Release>> releases;
    for (const auto& [name, project] : *problem.find("packages")->as_object()) {
        result.packages.insert(packaging::PackageName::parse(name).value().to_string());
        for (const auto& [version, value] : *project.find("versions")->as_object()) {
            Release release = release_of(value);
            std::erase_if(release.requires_dist,
                          [&](const std::string& text) { return names_any(text, without); });
            result.index.add(name, version, release);
            releases[packaging::PackageName::parse(name).value()][version] = release;
        }
    }
    env::ProviderOptions& options = result.options;
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
    options.constraints = user_requirements(lines(problem.find("constraints")), result.has_unnamed);
    result.requirements =
        user_requirements(lines(problem.find("requirements")), result.has_unnamed);

    // What is installed is frozen where a constraint pins it, and may be replaced otherwise.
    for (const auto& [name, version] : *problem.find("installed")->as_object()) {
        const auto& release =
            releases[packaging::PackageName::parse(name).value()][*version.as_string()];
        result.base.push_back(provided(name, *version.as_string(), release.requires_dist));
        const env::Provided& base = result.base.back();
        result.packages.insert(base.name.to_string());
        result.state[base.name.to_string()] = base.version->to_string();
        const bool is_pinned = std::any_of(
            options.constraints.begin(), options.constraints.end(),
            [&](const auto& constraint) { return constraint.requirement.name == base.name; });
        if (!is_pinned) {
            options.unfrozen.insert(base.name);
        }
    }
    return result;
}

/// The packages that a sentence names: `b` or `b==1.0`.
inline std::set<std::string> names_in(const std::string& sentence) {
    std::set<std::string> names;
    for (std::size_t begin = sentence.find('`'); begin != std::string::npos;
         begin = sentence.find('`', begin + 1)) {
        const std::size_t end = sentence.find_first_of("`=<>!~", begin + 1);
        if (end == std::string::npos) {
            break;
        }
        const std::string name = sentence.substr(begin + 1, end - begin - 1);
        if (packaging::PackageName::parse(name)) {
            names.insert(name);
        }
        begin = sentence.find('`', begin + 1);
        if (begin == std::string::npos) {
            break;
        }
    }
    return names;
}

}  // namespace envpack::support
