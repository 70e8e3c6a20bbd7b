#include "envpack/env/inventory.hpp"

#include "envpack/base/parallel.hpp"
#include "envpack/base/text.hpp"
#include "installed_files.hpp"
#include "package_choice.hpp"
#include "package_details.hpp"
#include "scan_folder.hpp"

#include <algorithm>
#include <string>

namespace envpack::env {
namespace {

/// Flags what is not there any more: an interrupted uninstall, a layer that was cleaned too well.
Result<void> check_files(FrozenPackage& package, const archive::FileTree& tree,
                         std::vector<Problem>& problems, const Limits& limits,
                         const RunContext& run) {
    if (!package.location.ends_with(".dist-info")) {
        return {};
    }
    ENVPACK_TRY(const SafePath location, SafePath::parse(package.location, limits));
    ENVPACK_TRY(const auto fit, compare_record(tree, location, limits, run));
    if (fit && fit->missing > 0) {
        package.add_flag("files-missing");
        problems.push_back({"files-missing", "`" + package.location + "` lists " +
                                                 std::to_string(fit->missing) +
                                                 " files that are gone, such as `" +
                                                 text::printable(fit->first_missing) + "`"});
    }
    return {};
}

Result<void> complete(Inventory& inventory, const archive::FileTree& tree,
                      const InventoryOptions& options, const RunContext& run) {
    if (options.detail == InventoryDetail::pins) {
        return {};
    }
    ENVPACK_TRY(CondaRecords conda, read_conda_records(tree, inventory.python.prefix));
    if (inventory.python.system_site_packages) {
        ENVPACK_TRY(CondaRecords base, read_conda_records(tree, inventory.python.base_prefix));
        conda.merge(base);
    }
    // Most of the time goes into system calls, one package does not need the other.
    ENVPACK_TRY(const auto problems,
                parallel_map<std::vector<Problem>>(
                    inventory.packages.size(),
                    [&](std::size_t i) -> Result<std::vector<Problem>> {
                        FrozenPackage& package = inventory.packages[i];
                        std::vector<Problem> found;
                        ENVPACK_CHECK(read_details(tree, package, options.detail, conda, found,
                                                   options.limits));
                        if (options.detail == InventoryDetail::files) {
                            ENVPACK_CHECK(check_files(package, tree, found, options.limits, run));
                        }
                        return found;
                    },
                    run));
    for (const std::vector<Problem>& found : problems) {
        inventory.problems.insert(inventory.problems.end(), found.begin(), found.end());
    }
    return {};
}

Result<void> scan(Inventory& inventory, const archive::FileTree& tree,
                  const std::vector<SitePath>& paths, const InventoryOptions& options,
                  const RunContext& run) {
    PackageChoice choice(tree, options.limits, run);
    for (const SitePath& path : paths) {
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(auto folder, scan_folder(tree, path, options.limits));
        ENVPACK_CHECK(choice.add_folder(std::move(folder), path.origin));
        inventory.search_path.push_back(path.path);
    }
    std::move(choice).finish(inventory);
    return complete(inventory, tree, options, run);
}

}  // namespace

bool FrozenPackage::has_flag(std::string_view flag) const noexcept {
    return std::binary_search(flags.begin(), flags.end(), flag);
}

void FrozenPackage::add_flag(std::string_view flag) {
    const auto place = std::lower_bound(flags.begin(), flags.end(), flag);
    if (place == flags.end() || *place != flag) {
        flags.emplace(place, flag);
    }
}

const FrozenPackage* Inventory::find(const packaging::PackageName& name) const noexcept {
    const auto place = std::lower_bound(
        packages.begin(), packages.end(), name,
        [](const FrozenPackage& package, const auto& wanted) { return package.name < wanted; });
    return place != packages.end() && place->name == name ? &*place : nullptr;
}

std::string_view to_string(PackageForm form) noexcept {
    switch (form) {
        case PackageForm::wheel:
            return "wheel";
        case PackageForm::conda:
            return "conda";
        case PackageForm::vcs:
            return "vcs";
        case PackageForm::archive:
            return "archive";
        case PackageForm::local_dir:
            return "local-dir";
        case PackageForm::editable:
            return "editable";
        case PackageForm::editable_vcs:
            return "editable-vcs";
        case PackageForm::egg_info_dir:
            return "egg-info-dir";
        case PackageForm::egg_info_file:
            return "egg-info-file";
        case PackageForm::egg_link:
            return "egg-link";
        case PackageForm::debian:
            return "debian";
        case PackageForm::text:
            return "text";
    }
    return "wheel";
}

Result<Inventory> scan_site_paths(const archive::FileTree& tree, std::vector<SitePath> paths,
                                  const InventoryOptions& options, const RunContext& run) {
    Inventory inventory{.source = options.source};
    ENVPACK_CHECK(scan(inventory, tree, paths, options, run));
    return inventory;
}

namespace {

Result<FoundInterpreters> interpreter_for(const archive::FileTree& tree,
                                          const InventoryOptions& options, const RunContext& run) {
    if (options.interpreter) {
        return FoundInterpreters{.chosen = *options.interpreter};
    }
    const auto variable = [&](std::string_view name) {
        const auto found = options.environment.find(name);
        return found == options.environment.end() ? std::string() : found->second;
    };
    const InterpreterSearch search{
        .path = variable("PATH"), .virtual_env = variable("VIRTUAL_ENV"), .python = options.python};
    return find_interpreter(tree, search, run);
}

}  // namespace

Result<Inventory> take_inventory(const archive::FileTree& tree, const InventoryOptions& options,
                                 const RunContext& run) {
    ENVPACK_TRY(FoundInterpreters found, interpreter_for(tree, options, run));
    Inventory inventory{.source = options.source,
                        .python = std::move(found.chosen),
                        .other_interpreters = std::move(found.others)};
    if (options.detail == InventoryDetail::none) {
        return inventory;
    }
    ENVPACK_TRY(const auto paths, site_paths(tree, inventory.python, options.environment, run));
    ENVPACK_CHECK(scan(inventory, tree, paths, options, run));
    if (options.detail >= InventoryDetail::full) {
        ENVPACK_TRY(inventory.startup_hooks, startup_hooks(tree, inventory.python, paths));
    }
    if (options.interpreter) {
        return inventory;
    }
    ENVPACK_TRY(const auto unseen,
                unseen_site_paths(tree, inventory.python, inventory.other_interpreters, paths));
    for (const SitePath& folder : unseen) {
        inventory.problems.push_back(
            {"unseen-folder", "`" + folder.path.str() + "` has packages, but `" +
                                  inventory.python.invoked.str() + "` does not look there"});
    }
    return inventory;
}

}  // namespace envpack::env
