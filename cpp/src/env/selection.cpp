#include "envpack/env/selection.hpp"

#include "envpack/base/text.hpp"
#include "envpack/env/installed_dependencies.hpp"
#include "envpack/env/package_files.hpp"
#include "used_packages.hpp"

#include <algorithm>
#include <array>

namespace envpack::env {
namespace {

/// Released together with torch, or for one version of it.
constexpr std::array<std::string_view, 9> torch_family = {
    "apex",      "pytorch-triton", "torch",       "torch-tensorrt", "torchaudio",
    "torchdata", "torchtext",      "torchvision", "triton"};

class Selector {
public:
    Selector(Inventory& inventory, const archive::FileTree& tree, const RunContext& run)
        : inventory_(inventory), tree_(tree), run_(run), reasons_(inventory.packages.size()) {}

    void exclude(const std::vector<packaging::PackageName>& names) {
        for (const packaging::PackageName& name : names) {
            if (const FrozenPackage* const found = inventory_.find(name)) {
                drop(index_of(*found), "excluded");
            } else {
                inventory_.problems.push_back(
                    {"unknown-exclude",
                     "`" + name.to_string() + "` is excluded, but not installed"});
            }
        }
    }

    Result<void> keep_scope(PinScope scope) {
        ENVPACK_CHECK(read_files());
        std::vector<bool> compiled(files_.size());
        std::transform(files_.begin(), files_.end(), compiled.begin(),
                       [](const PackageFiles& files) { return files.compiled; });
        if (scope == PinScope::binary) {
            keep_only(with_dependencies(inventory_, compiled), "no machine code in it");
            return {};
        }
        std::vector<bool> torch(files_.size());
        std::vector<bool> kept(files_.size());
        for (std::size_t i = 0; i < kept.size(); ++i) {
            const std::string_view name = inventory_.packages[i].name.str();
            torch[i] = name == "torch";
            kept[i] =
                std::find(torch_family.begin(), torch_family.end(), name) != torch_family.end();
        }
        const std::vector<bool> needed = with_dependencies(inventory_, torch);
        for (std::size_t i = 0; i < kept.size(); ++i) {
            kept[i] = kept[i] || (needed[i] && compiled[i]);
        }
        for (const InstalledDependency& dependency : installed_dependencies(inventory_)) {
            if (dependency.to && torch[*dependency.to] && compiled[dependency.from]) {
                kept[dependency.from] = true;
            }
        }
        keep_only(kept, "not of the torch stack");
        return {};
    }

    Result<void> keep_used(const ProjectImports& project) {
        ENVPACK_CHECK(read_files());
        const ModuleOwners owners(files_);
        ENVPACK_TRY(const UsedPackages used,
                    used_packages(project, owners, files_.size(), tree_, inventory_.python));
        inventory_.problems.insert(inventory_.problems.end(), used.problems.begin(),
                                   used.problems.end());
        const auto dependencies = installed_dependencies(inventory_);
        const std::vector<bool> needed = with_dependencies(inventory_, used.packages);
        for (std::size_t i = 0; i < files_.size(); ++i) {
            if (used.packages[i]) {
                continue;
            }
            std::string reason = "not imported by " + text::printable(project.project);
            const auto user = std::find_if(
                dependencies.begin(), dependencies.end(),
                [&](const InstalledDependency& d) { return d.to == i && needed[d.from]; });
            if (user != dependencies.end()) {
                reason += ", needed by " + inventory_.packages[user->from].name.to_string();
            }
            drop(i, std::move(reason));
        }
        return {};
    }

    void finish() && {
        std::vector<FrozenPackage> kept;
        for (std::size_t i = 0; i < reasons_.size(); ++i) {
            FrozenPackage& package = inventory_.packages[i];
            if (reasons_[i].empty()) {
                kept.push_back(std::move(package));
            } else {
                inventory_.dropped.push_back(
                    {package.name.to_string(), package.raw_version, std::move(reasons_[i])});
            }
        }
        inventory_.packages = std::move(kept);
    }

private:
    std::size_t index_of(const FrozenPackage& package) const {
        return static_cast<std::size_t>(&package - inventory_.packages.data());
    }
    /// The first reason is kept.
    void drop(std::size_t index, std::string reason) {
        if (reasons_[index].empty()) {
            reasons_[index] = std::move(reason);
        }
    }
    void keep_only(const std::vector<bool>& kept, const std::string& reason) {
        for (std::size_t i = 0; i < kept.size(); ++i) {
            if (!kept[i]) {
                drop(i, reason);
            }
        }
    }
    Result<void> read_files() {
        if (files_.empty()) {
            ENVPACK_TRY(files_, package_files(tree_, inventory_, run_));
        }
        return {};
    }

    Inventory& inventory_;
    const archive::FileTree& tree_;
    const RunContext& run_;
    std::vector<std::string> reasons_;  ///< by package; empty: kept
    std::vector<PackageFiles> files_;
};

}  // namespace

Result<void> select_packages(Inventory& inventory, const archive::FileTree& tree,
                             const SelectionOptions& options, const RunContext& run) {
    Selector selector(inventory, tree, run);
    selector.exclude(options.exclude);
    if (options.used_by) {
        ENVPACK_CHECK(selector.keep_used(*options.used_by));
    }
    if (options.pin != PinScope::all) {
        ENVPACK_CHECK(selector.keep_scope(options.pin));
    }
    std::move(selector).finish();
    return {};
}

}  // namespace envpack::env
