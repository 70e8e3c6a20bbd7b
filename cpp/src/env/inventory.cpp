#include "envpack/env/inventory.hpp"

#include "envpack/base/text.hpp"
#include "package_details.hpp"
#include "scan_folder.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>

namespace envpack::env {
namespace {

/// One package a name out of many folders. One thread.
class Winners {
public:
    /// Takes the packages of the next folder of sys.path.
    void add_folder(ScannedFolder folder, PathOrigin origin) {
        const std::size_t first = packages_.size();
        for (FrozenPackage& package : folder.packages) {
            const auto [place, is_new] = index_.try_emplace(package.name, packages_.size());
            if (is_new) {
                packages_.push_back(std::move(package));
            } else if (place->second >= first) {
                settle(packages_[place->second], std::move(package));
            } else if (FrozenPackage& kept = packages_[place->second];
                       origin != PathOrigin::pth || kept.raw_version != package.raw_version) {
                // The source folder of an editable install, on the path by its .pth file, has an
                // egg-info of its own: that is the same package.
                shadow(kept, package);
            }
        }
        std::move(folder.skipped.begin(), folder.skipped.end(), std::back_inserter(skipped_));
        std::move(folder.problems.begin(), folder.problems.end(), std::back_inserter(problems_));
    }

    void finish(Inventory& inventory) && {
        std::sort(packages_.begin(), packages_.end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        inventory.packages = std::move(packages_);
        inventory.skipped = std::move(skipped_);
        inventory.problems = std::move(problems_);
    }

private:
    /// Two of one name in one folder: what the later image layer added, then the higher version.
    void settle(FrozenPackage& kept, FrozenPackage&& other) {
        if (kept.form != PackageForm::egg_link && other.form == PackageForm::egg_link) {
            shadow(kept, other);  // an egg-link comes last for every installer
            return;
        }
        if (kept.raw_version == other.raw_version) {
            // Debian ships some packages as dist-info and egg-info. The first has its requirements
            // where every installer looks.
            if (!kept.location.ends_with(".dist-info")) {
                std::swap(kept, other);
            }
            return;
        }
        problems_.push_back(
            {"duplicate-dist-info", std::string(kept.name.str()) + ' ' + describe(kept) + ", " +
                                        std::string(other.name.str()) + ' ' + describe(other)});
        const auto rank = [](const FrozenPackage& p) { return std::tie(p.layer, p.version); };
        if (rank(kept) < rank(other)) {
            std::swap(kept, other);
        }
        kept.shadowed = std::move(other.shadowed);
        kept.shadowed.push_back({other.raw_version, other.location});
        kept.add_flag("ambiguous");
    }

    static void shadow(FrozenPackage& kept, const FrozenPackage& other) {
        kept.shadowed.push_back({other.raw_version, other.location});
        kept.add_flag("shadows");
    }

    static std::string describe(const FrozenPackage& package) {
        std::string text = text::printable(package.raw_version);
        if (package.layer) {
            text += " (layer " + std::to_string(*package.layer) + ')';
        }
        return text;
    }

    std::vector<FrozenPackage> packages_;
    std::unordered_map<packaging::PackageName, std::size_t> index_;
    std::vector<Skipped> skipped_;
    std::vector<Problem> problems_;
};

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
    for (FrozenPackage& package : inventory.packages) {
        ENVPACK_CHECK(run.check());
        ENVPACK_CHECK(
            read_details(tree, package, options.detail, conda, inventory.problems, options.limits));
    }
    return {};
}

Result<void> scan(Inventory& inventory, const archive::FileTree& tree,
                  const std::vector<SitePath>& paths, const InventoryOptions& options,
                  const RunContext& run) {
    Winners winners;
    for (const SitePath& path : paths) {
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(auto folder, scan_folder(tree, path, options.limits));
        winners.add_folder(std::move(folder), path.origin);
        inventory.search_path.push_back(path.path);
    }
    std::move(winners).finish(inventory);
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

Result<Inventory> take_inventory(const archive::FileTree& tree, const InventoryOptions& options,
                                 const RunContext& run) {
    const auto variable = [&](std::string_view name) {
        const auto found = options.environment.find(name);
        return found == options.environment.end() ? std::string() : found->second;
    };
    const InterpreterSearch search{
        .path = variable("PATH"), .virtual_env = variable("VIRTUAL_ENV"), .python = options.python};
    ENVPACK_TRY(FoundInterpreters found, find_interpreter(tree, search, run));
    Inventory inventory{.source = options.source,
                        .python = std::move(found.chosen),
                        .other_interpreters = std::move(found.others)};
    ENVPACK_TRY(const auto paths, site_paths(tree, inventory.python, options.environment, run));
    ENVPACK_CHECK(scan(inventory, tree, paths, options, run));
    return inventory;
}

}  // namespace envpack::env
