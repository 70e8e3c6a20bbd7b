#include "envpack/env/installed_dependencies.hpp"

#include "envpack/base/text.hpp"
#include "envpack/env/target_environment.hpp"

#include <string>

#include <fmt/format.h>

namespace envpack::env {

std::vector<InstalledDependency> installed_dependencies(const Inventory& inventory) {
    const packaging::MarkerEnvironment environment = marker_environment(inventory.python);
    std::vector<InstalledDependency> all;
    for (std::size_t i = 0; i < inventory.packages.size(); ++i) {
        for (const packaging::Requirement& requirement : inventory.packages[i].requires_dist) {
            if (requirement.marker && !requirement.marker->evaluate(environment)) {
                continue;
            }
            InstalledDependency dependency{.from = i, .requirement = &requirement};
            if (const FrozenPackage* const found = inventory.find(requirement.name)) {
                dependency.to = static_cast<std::size_t>(found - inventory.packages.data());
            }
            all.push_back(dependency);
        }
    }
    return all;
}

std::vector<bool> with_dependencies(const Inventory& inventory, std::vector<bool> roots) {
    std::vector<std::vector<std::size_t>> needs(inventory.packages.size());
    for (const InstalledDependency& dependency : installed_dependencies(inventory)) {
        if (dependency.to) {
            needs[dependency.from].push_back(*dependency.to);
        }
    }
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < roots.size(); ++i) {
        if (roots[i]) {
            open.push_back(i);
        }
    }
    while (!open.empty()) {
        const std::size_t package = open.back();
        open.pop_back();
        for (const std::size_t next : needs[package]) {
            if (!roots[next]) {
                roots[next] = true;
                open.push_back(next);
            }
        }
    }
    return roots;
}

std::vector<Problem> check_dependencies(const Inventory& inventory) {
    std::vector<Problem> problems;
    for (const InstalledDependency& dependency : installed_dependencies(inventory)) {
        const FrozenPackage& from = inventory.packages[dependency.from];
        const packaging::Requirement& requirement = *dependency.requirement;
        const std::string demand =
            fmt::format("{} {} requires {}{}", from.name.str(), text::printable(from.raw_version),
                        requirement.name.str(), requirement.specifiers.to_string());
        if (!dependency.to) {
            problems.push_back({"missing-requirement", demand + ", which is not installed"});
            continue;
        }
        // pip compares what is there, pre-releases too; a version it cannot read never fits.
        const FrozenPackage& to = inventory.packages[*dependency.to];
        const bool fits = to.version ? requirement.specifiers.contains(*to.version, true, true)
                                     : requirement.specifiers.contains(to.raw_version, true, true);
        if (!fits && !(to.has_flag("unknown-version") || requirement.specifiers.empty())) {
            problems.push_back({"unfulfilled-requirement",
                                fmt::format("{}, but {} {} is installed", demand, to.name.str(),
                                            text::printable(to.raw_version))});
        }
    }
    return problems;
}

}  // namespace envpack::env
