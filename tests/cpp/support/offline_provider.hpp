#pragma once

#include "envpack/packaging/requirement.hpp"
#include "envpack/packaging/version_range.hpp"
#include "envpack/resolver/solver.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace envpack::support {

/// "b>=1", "b[x]>=1" as the solver takes it: one dependency for the project, one an extra.
inline std::vector<resolver::Dependency> dependencies_of(std::string_view text,
                                                         std::string reason = {}) {
    const auto requirement = packaging::Requirement::parse(text).value();
    const auto range = packaging::VersionRange::of(requirement.specifiers);
    std::vector<resolver::Dependency> result = {{{requirement.name}, range, reason}};
    for (const auto& extra : requirement.extras) {
        result.push_back({{requirement.name, extra}, range, reason});
    }
    return result;
}

inline resolver::Package package_of(std::string_view text) {
    const auto requirement = packaging::Requirement::parse(text).value();
    if (requirement.extras.empty()) {
        return {requirement.name};
    }
    return {requirement.name, requirement.extras.front()};
}

/// A universe in memory. Newest versions are best; the package with the fewest versions left is
/// decided first.
class OfflineProvider final : public resolver::DependencyProvider {
public:
    struct Release {
        std::vector<std::string> requires_dist = {};
        std::string unavailable = {};
    };
    /// `package` may be "name[extra]".
    OfflineProvider& add(std::string_view package, std::string_view version,
                         std::vector<std::string> requires_dist = {}) {
        universe_[package_of(package)].insert_or_assign(packaging::Version::parse(version).value(),
                                                        Release{std::move(requires_dist)});
        return *this;
    }
    OfflineProvider& forbid(std::string_view package, std::string_view version,
                            std::string reason) {
        universe_[package_of(package)].insert_or_assign(packaging::Version::parse(version).value(),
                                                        Release{{}, std::move(reason)});
        return *this;
    }
    OfflineProvider& exclude(std::string_view requirement, std::string reason) {
        const auto dependency = dependencies_of(requirement).front();
        exclusions_[dependency.package].push_back({dependency.range, std::move(reason)});
        return *this;
    }

    Result<std::vector<resolver::Exclusion>> exclusions(const resolver::Package& package) override {
        return exclusions_[package];
    }
    Result<std::uint64_t> priority(const resolver::Package& package,
                                   const packaging::VersionRange& range) override {
        return static_cast<std::uint64_t>(
            std::count_if(universe_[package].begin(), universe_[package].end(),
                          [&](const auto& entry) { return range.contains(entry.first); }));
    }
    Result<std::variant<packaging::Version, resolver::Unavailable>> choose(
        const resolver::Package& package, const packaging::VersionRange& range,
        std::span<const resolver::Demand> demands) override {
        ++choices;
        demands_seen = demands.size();
        const auto& releases = universe_[package];
        const auto found = std::find_if(releases.rbegin(), releases.rend(), [&](const auto& entry) {
            return range.contains(entry.first);
        });
        if (found == releases.rend()) {
            return resolver::Unavailable{releases.empty() ? "no such project" : ""};
        }
        return found->first;
    }
    Result<std::variant<std::vector<resolver::Dependency>, resolver::Unavailable>> dependencies(
        const resolver::Package& package, const packaging::Version& version) override {
        ++expansions;
        const auto& releases = universe_[package];
        std::vector<resolver::Dependency> result;
        const auto release = releases.find(version);
        if (release == releases.end()) {
            return result;  // an extra that the project does not have
        }
        if (!release->second.unavailable.empty()) {
            return resolver::Unavailable{release->second.unavailable};
        }
        for (const std::string& text : release->second.requires_dist) {
            for (resolver::Dependency& dependency : dependencies_of(text)) {
                result.push_back(std::move(dependency));
            }
        }
        return result;
    }

    std::vector<packaging::Version> versions(const packaging::PackageName& name) const {
        std::vector<packaging::Version> result;
        if (const auto found = universe_.find({name}); found != universe_.end()) {
            for (const auto& entry : found->second) {
                result.push_back(entry.first);
            }
        }
        return result;
    }
    const auto& universe() const { return universe_; }

    std::size_t choices = 0;
    std::size_t expansions = 0;
    std::size_t demands_seen = 0;

private:
    std::map<resolver::Package, std::map<packaging::Version, Release>> universe_;
    std::map<resolver::Package, std::vector<resolver::Exclusion>> exclusions_;
};

inline std::vector<resolver::Dependency> roots_of(const std::vector<std::string>& texts) {
    std::vector<resolver::Dependency> roots;
    for (const std::string& text : texts) {
        for (resolver::Dependency& dependency : dependencies_of(text)) {
            roots.push_back(std::move(dependency));
        }
    }
    return roots;
}

/// "a 1.0, b 2.0", or "conflict".
inline std::string solved(OfflineProvider& provider, const std::vector<std::string>& roots) {
    const auto outcome = resolver::solve(provider, roots_of(roots));
    if (!outcome) {
        return "error: " + outcome.error().render();
    }
    const auto* resolution = std::get_if<resolver::Resolution>(&*outcome);
    if (resolution == nullptr) {
        return "conflict";
    }
    std::string text;
    for (const auto& [package, version] : resolution->versions) {
        text += (text.empty() ? "" : ", ") + package.to_string() + " " + version.to_string();
    }
    return text;
}

}  // namespace envpack::support
