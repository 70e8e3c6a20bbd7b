#include "base_files.hpp"

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/env/package_files.hpp"
#include "envpack/pipeline/source.hpp"
#include "envpack/wheel/install_scheme.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

using archive::FileInfo;
using archive::FileType;
using archive::PlannedEntry;

/// A file of a wheel that the base has in another form.
struct Overlap {
    std::string wheel;     ///< "numpy 2.1.0"
    std::string relative;  ///< below a folder of sys.path: "numpy/__init__.py"
};

/// Looks below the folders of the base's sys.path. One thread.
class OverlapFinder {
public:
    OverlapFinder(const archive::FileTree& tree, const std::vector<SafePath>& folders)
        : tree_(tree), folders_(folders) {}

    /// Whether the base has no such folder.
    Result<bool> is_apart(const SafePath& relative) {
        for (const SafePath& folder : folders_) {
            ENVPACK_TRY(const bool may_be_there, has_folder(folder.join(relative)));
            if (may_be_there) {
                return false;
            }
        }
        return true;
    }

    Result<bool> is_other_file(const PlannedEntry& entry, const SafePath& relative) {
        for (const SafePath& folder : folders_) {
            ENVPACK_TRY(const bool may_be_there, has_folder(folder.join(relative.parent())));
            if (!may_be_there) {
                continue;
            }
            ENVPACK_TRY(const auto there, archive::stat(tree_, folder.join(relative)));
            if (there && there->type != FileType::directory) {
                ENVPACK_TRY(const bool is_same, is_the_same(folder.join(relative), *there, entry));
                if (!is_same) {
                    return true;
                }
            }
        }
        return false;
    }

private:
    /// Most wheels have no folder in common with the base: asked once a folder.
    Result<bool> has_folder(const SafePath& folder) {
        const auto known = folders_there_.find(folder);
        if (known != folders_there_.end()) {
            return known->second;
        }
        ENVPACK_TRY(const auto info, archive::stat(tree_, folder));
        const bool is_there = info && info->type == FileType::directory;
        folders_there_.emplace(folder, is_there);
        return is_there;
    }

    Result<bool> is_the_same(const SafePath& path, const FileInfo& there,
                             const PlannedEntry& entry) const {
        if (there.type != FileType::regular || entry.type != FileType::regular ||
            there.size != entry.content.size()) {
            return false;
        }
        if (there.size == 0) {
            return true;
        }
        ENVPACK_TRY(const auto behind, archive::resolve(tree_, path));
        return archive::has_same_bytes(tree_, behind.value_or(path), there, entry);
    }

    const archive::FileTree& tree_;
    const std::vector<SafePath>& folders_;
    std::map<SafePath, bool> folders_there_;
};

/// The path of `entry` below `site`; nullopt for other files, and for what describes the wheel.
std::optional<SafePath> below_site(const PlannedEntry& entry, const SafePath& site) {
    if (entry.type == FileType::directory || !entry.path.is_below(site)) {
        return std::nullopt;
    }
    const auto relative =
        SafePath::parse(std::string_view(entry.path.str()).substr(site.str().size() + 1));
    const std::string_view text = relative ? std::string_view(relative->str()) : "";
    if (text.empty() || text.substr(0, text.find('/')).ends_with(".dist-info")) {
        return std::nullopt;
    }
    return *relative;
}

/// `a/b/_c.abi3.so` as `a.b._c`; a data file counts to the module whose folder it is in.
std::string as_module(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    const std::size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
    std::string module(path.substr(0, path.find('.', begin)));
    std::replace(module.begin(), module.end(), '/', '.');
    constexpr std::string_view init = ".__init__";
    if (module.ends_with(init)) {
        module.resize(module.size() - init.size());
    }
    return module;
}

Result<std::vector<Overlap>> find_overlaps(const BuildPlan& plan, const SafePath& site,
                                           const BuildBase& base, const RunContext& run) {
    std::vector<Overlap> found;
    OverlapFinder finder(*base.tree, base.inventory.search_path);
    for (const PlannedFiles& group : plan.groups) {
        ENVPACK_CHECK(run.check());
        std::string_view apart;  // a folder that has nothing in common with the base
        for (const PlannedEntry& entry : group.entries) {
            if (!apart.empty() && entry.path.folder() == apart) {
                continue;
            }
            const auto relative = below_site(entry, site);
            if (!relative) {
                continue;
            }
            ENVPACK_TRY(const bool is_apart, finder.is_apart(relative->parent()));
            if (is_apart) {
                apart = entry.path.folder();
                continue;
            }
            ENVPACK_TRY(const bool is_other, finder.is_other_file(entry, *relative));
            if (is_other) {
                found.push_back({.wheel = group.title, .relative = relative->str()});
            }
        }
    }
    return found;
}

Error refusal(const Overlap& overlap, const env::FrozenPackage& owner, std::size_t others) {
    const std::string more =
        others == 0 ? "" : fmt::format(" and {} more file{}", others, others == 1 ? "" : "s");
    return Error(ErrorCode::invalid_argument,
                 fmt::format("{} brings `{}`{}, which {} {} of the base has with other content",
                             overlap.wheel, overlap.relative, more, owner.name.str(),
                             owner.raw_version))
        .with_rule("build.base-file")
        .with_hint(fmt::format("leave one of the two out, or let the base's be hidden: envpack "
                               "resolve … --shadow {}",
                               owner.name.str()));
}

}  // namespace

Result<void> check_base_files(const BuildPlan& plan, const BuildBase& base, const env::Lock& lock,
                              const UserConfig& user, const RunContext& run) {
    const wheel::InstallScheme& scheme = base.place.scheme;
    ENVPACK_TRY(std::vector<Overlap> overlaps, find_overlaps(plan, scheme.purelib, base, run));
    if (scheme.platlib != scheme.purelib) {
        ENVPACK_TRY(const std::vector<Overlap> more,
                    find_overlaps(plan, scheme.platlib, base, run));
        overlaps.insert(overlaps.end(), more.begin(), more.end());
    }
    if (overlaps.empty()) {
        return {};
    }
    std::set<packaging::PackageName> may_be_hidden;
    if (lock.origin) {
        may_be_hidden.insert(lock.origin->shadowed.begin(), lock.origin->shadowed.end());
        for (const env::ProvidedPackage& replaced : lock.origin->replaced) {
            may_be_hidden.insert(replaced.name);
        }
    }
    // Lists of files are rarely needed, and too many to be kept with every base.
    ENVPACK_TRY(const Source source, Source::parse(base.inventory.source));
    ENVPACK_TRY(const OpenSource open, open_source(source, env::package_files_want, user, run));
    ENVPACK_TRY(const auto files, env::package_files(*open.tree, base.inventory, run));
    const env::ModuleOwners owners(files);
    std::map<std::pair<std::string, std::size_t>, std::vector<const Overlap*>> wrong;
    for (const Overlap& overlap : overlaps) {
        const std::vector<std::size_t> of_file = owners.owners(as_module(overlap.relative));
        const bool is_allowed = std::any_of(of_file.begin(), of_file.end(), [&](std::size_t i) {
            return may_be_hidden.contains(base.inventory.packages[i].name);
        });
        if (!is_allowed && !of_file.empty()) {
            wrong[{overlap.wheel, of_file.front()}].push_back(&overlap);
        }
    }
    if (wrong.empty()) {
        return {};
    }
    const auto& [key, files_of_both] = *wrong.begin();
    return fail(refusal(*files_of_both.front(), base.inventory.packages[key.second],
                        files_of_both.size() - 1));
}

}  // namespace envpack::pipeline
