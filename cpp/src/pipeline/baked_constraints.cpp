#include "baked_constraints.hpp"

#include "envpack/base/digest.hpp"
#include "envpack/env/compare_constraints.hpp"
#include "envpack/env/constraints.hpp"

#include <algorithm>
#include <utility>

namespace envpack::pipeline {
namespace {

/// What is installed in the final image; an environment's own package hides the base's.
env::Inventory final_inventory(const BuildBase& base, const std::vector<AddedPackage>& added) {
    env::Inventory inventory = base.inventory;
    // Not how the base was named here: the same image has the same file.
    inventory.source.clear();
    inventory.source_digest = oci::digest_of(*base.image).to_string();
    inventory.problems.clear();
    inventory.constraint_files.clear();
    for (const AddedPackage& package : added) {
        env::FrozenPackage frozen{.name = package.name,
                                  .raw_name = std::string(package.name.str()),
                                  .raw_version = package.version};
        if (auto version = packaging::Version::parse(package.version)) {
            frozen.version = *std::move(version);
        }
        std::erase_if(inventory.packages,
                      [&](const env::FrozenPackage& other) { return other.name == package.name; });
        inventory.packages.push_back(std::move(frozen));
    }
    std::sort(inventory.packages.begin(), inventory.packages.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return inventory;
}

}  // namespace

Result<BakedConstraints> bake_constraints(const BuildBase& base,
                                          const std::vector<AddedPackage>& added) {
    env::Inventory inventory = final_inventory(base, added);
    ENVPACK_CHECK(env::compare_constraint_files(inventory, *base.tree, base.environment));
    std::string text = env::constraints_from(inventory).to_text();
    const Digest digest = Digest::of(as_bytes(text));
    ENVPACK_TRY(SafePath path, SafePath::normalize(baked_constraints_path));
    BakedConstraints baked{.file = {.path = std::move(path),
                                    .content = archive::Content::of_text(std::move(text)),
                                    .sha256 = digest,
                                    .replaces = true}};
    for (env::Problem& problem : inventory.problems) {
        baked.notes.push_back(std::move(problem.text));
    }
    return baked;
}

}  // namespace envpack::pipeline
