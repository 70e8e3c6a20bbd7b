#include "baked_constraints.hpp"

#include "envpack/base/digest.hpp"
#include "envpack/env/compare_constraints.hpp"
#include "envpack/env/constraints.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

/// What is installed in the final image; an environment's own package hides the base's.
env::Inventory final_inventory(const BuildBase& base, const std::vector<PlannedFiles>& layers) {
    env::Inventory inventory = base.inventory;
    // Not how the base was named here: the same image has the same file.
    inventory.source.clear();
    inventory.source_digest = oci::digest_of(*base.image).to_string();
    inventory.problems.clear();
    inventory.constraint_files.clear();
    std::set<packaging::PackageName> added;
    std::vector<env::FrozenPackage> all;
    for (const PlannedFiles& layer : layers) {
        for (const AddedPackage& package : layer.packages) {
            env::FrozenPackage frozen{.name = package.name,
                                      .raw_name = std::string(package.name.str()),
                                      .raw_version = package.version};
            if (auto version = packaging::Version::parse(package.version)) {
                frozen.version = *std::move(version);
            }
            added.insert(package.name);
            all.push_back(std::move(frozen));
        }
    }
    std::ranges::copy_if(inventory.packages, std::back_inserter(all),
                         [&](const auto& package) { return !added.contains(package.name); });
    inventory.packages = std::move(all);
    std::sort(inventory.packages.begin(), inventory.packages.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return inventory;
}

archive::PlannedEntry file_of(const env::Constraints& constraints, SafePath path) {
    archive::PlannedEntry entry = archive::planned_text(std::move(path), constraints.to_text());
    entry.replaces = true;
    return entry;
}

PlannedFiles& rest_of(std::vector<PlannedFiles>& layers) {
    const auto rest = std::ranges::find(layers, true, &PlannedFiles::is_rest);
    if (rest != layers.end()) {
        return *rest;
    }
    const auto end = std::ranges::find(layers, true, &PlannedFiles::is_unowned);
    return *layers.insert(
        end, {.title = "environment", .wheels = std::vector<Digest>(), .is_rest = true});
}

}  // namespace

Result<std::vector<std::string>> bake_constraints(const BuildBase& base,
                                                  std::vector<PlannedFiles>& layers) {
    env::Inventory inventory = final_inventory(base, layers);
    ENVPACK_CHECK(env::compare_constraint_files(inventory, *base.tree, base.environment));
    env::Constraints constraints = env::constraints_from(inventory);
    ENVPACK_TRY(const SafePath path, SafePath::normalize(baked_constraints_path));
    for (PlannedFiles& layer : layers) {
        if (layer.is_rest) {
            continue;
        }
        for (const AddedPackage& package : layer.packages) {
            ENVPACK_TRY(SafePath pin, SafePath::parse(fmt::format("{}{}.txt", baked_pins_folder,
                                                                  package.name.str())));
            const env::Constraints own =
                constraints.move_out(package.name, pin.str().substr(path.folder().size() + 1));
            layer.entries.push_back(file_of(own, std::move(pin)));
        }
    }
    rest_of(layers).entries.push_back(file_of(constraints, path));
    std::vector<std::string> notes;
    for (env::Problem& problem : inventory.problems) {
        notes.push_back(std::move(problem.text));
    }
    return notes;
}

}  // namespace envpack::pipeline
