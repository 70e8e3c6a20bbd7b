#include "envpack/pipeline/install.hpp"

#include "build_base.hpp"
#include "build_plan.hpp"
#include "envpack/archive/disk_tree.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/parallel.hpp"
#include "envpack/packaging/requirement.hpp"
#include "envpack/wheel/install_plan.hpp"
#include "envpack/wheel/installed_files.hpp"
#include "envpack/wheel/wheel_store.hpp"
#include "install_place.hpp"
#include "locked_wheels.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;
using packaging::PackageName;

/// What an exact install does not remove either: without them nobody can install anything.
constexpr std::array<std::string_view, 4> kept_installers = {"pip", "setuptools", "uv", "wheel"};

/// What is to happen to the environment.
struct Changes {
    std::vector<LockedChoice> add = {};
    std::vector<const env::FrozenPackage*> take = {};  ///< replaced ones too
    std::vector<const env::FrozenPackage*> stay = {};  ///< of the prefix
    std::size_t kept = 0;
};

std::string version_of(const env::FrozenPackage& package) {
    return package.version ? package.version->to_string() : package.raw_version;
}

/// Whether what is installed is what the lock means: the same version, from the same place.
Result<bool> is_same(const env::FrozenPackage& installed, const env::LockedPackage& package,
                     const fs::path& folder) {
    if (!package.version || installed.version != package.version || package.directory) {
        return false;
    }
    ENVPACK_TRY(const auto origin, origin_of(package, folder));
    if (!origin || !installed.direct_url) {
        return !origin && !installed.direct_url;
    }
    return origin->to_json() == installed.direct_url->to_json();
}

Result<Changes> changes_for(const env::Lock& lock, const InstallPlace& place,
                            const InstallOptions& options) {
    const fs::path folder = options.lock.parent_path();
    Changes changes;
    std::set<std::string_view> named;
    Result<void> compared;
    const auto is_wanted = [&](const env::LockedPackage& package) {
        named.insert(package.name.str());
        const env::FrozenPackage* const there = place.inventory.find(package.name);
        if (there == nullptr) {
            return true;
        }
        const bool is_own = place.own_path(*there).has_value();
        const Result<bool> same = is_same(*there, package, folder);
        if (!same) {
            compared = fail(same.error());
        }
        // What is only seen may come from wherever it likes.
        const bool fits = is_own ? same.value_or(false) : there->version == package.version;
        if (fits && !(is_own && options.reinstall)) {
            ++changes.kept;
            return false;
        }
        if (is_own) {
            changes.take.push_back(there);
        }
        return true;
    };
    ENVPACK_TRY(changes.add, choose_wheels(lock, place.inventory.python,
                                           "`" + place.prefix.string() + "`", is_wanted));
    ENVPACK_CHECK(compared);
    for (const env::FrozenPackage& package : place.inventory.packages) {
        if (!place.own_path(package) ||
            std::ranges::find(changes.take, &package) != changes.take.end()) {
            continue;
        }
        const bool is_installer =
            std::ranges::find(kept_installers, package.name.str()) != kept_installers.end();
        if (options.exact && !is_installer && !named.contains(package.name.str())) {
            changes.take.push_back(&package);
        } else {
            changes.stay.push_back(&package);
        }
    }
    return changes;
}

/// The packages that a person asked for (PEP 376, REQUESTED).
std::set<std::string> requested_names(const env::Lock& lock) {
    std::set<std::string> names;
    for (const std::string& text :
         lock.origin ? lock.origin->requirements : std::vector<std::string>()) {
        if (const auto requirement = packaging::Requirement::parse(text)) {
            names.insert(std::string(requirement->name.str()));
        }
    }
    return names;
}

using Wheels = std::vector<std::optional<wheel::WheelArchive>>;

/// Fetches or builds the wheels that `wheels` lacks; into the store, where links are wanted.
Result<void> fetch_missing(const std::vector<LockedChoice>& choices, Wheels& wheels,
                           const LockSources& sources, const wheel::WheelStore& store,
                           const InstallOptions& options, const RunContext& run) {
    const bool is_linking = options.link_mode != archive::LinkMode::copy;
    std::vector<std::size_t> missing;
    std::vector<LockedChoice> wanted;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        if (!wheels[i]) {
            missing.push_back(i);
            wanted.push_back(choices[i]);
        }
    }
    ENVPACK_TRY(const LocalDigests hashed,
                digests_of_local_files(wanted, options.lock.parent_path(), run));
    std::mutex mutex;
    std::vector<wheel::WheelStore::Unpacked> unpacked;
    std::atomic<std::size_t> done{0};
    const auto fetch_one = [&](std::size_t i) -> Result<BuiltWheel> {
        ENVPACK_TRY(BuiltWheel built,
                    wheel_file(choices[i], options.lock.parent_path(), sources, hashed, run));
        ENVPACK_TRY(const wheel::WheelArchive archive,
                    wheel::WheelArchive::open_as(built.path, built.filename));
        run.report("wheels", ++done, missing.size());
        if (!is_linking) {
            wheels[i] = archive;
            return built;
        }
        ENVPACK_TRY(wheels[i], store.find(built.sha256, built.filename));
        if (!wheels[i]) {
            ENVPACK_TRY(auto fresh, store.unpack(archive, built.sha256, run));
            const std::lock_guard lock(mutex);
            unpacked.push_back(std::move(fresh));
        }
        return built;
    };
    ENVPACK_TRY(const std::vector<BuiltWheel> fetched,
                parallel_map<BuiltWheel>(
                    largest_first(missing.size(),
                                  [&](std::size_t at) { return size_of(choices[missing[at]]); }),
                    [&](std::size_t at) {
                        const auto& [package, file] = choices[missing[at]];
                        return with_context(
                            fetch_one(missing[at]),
                            "while installing " +
                                (file != nullptr ? file->name : package->name.to_string()));
                    },
                    run));
    ENVPACK_CHECK(store.publish(std::move(unpacked)));
    for (std::size_t at = 0; at < missing.size(); ++at) {
        auto& wheel = wheels[missing[at]];
        if (wheel) {
            continue;
        }
        ENVPACK_TRY(wheel, store.find(fetched[at].sha256, fetched[at].filename));
        if (!wheel) {
            return fail(ErrorCode::io_error,
                        fmt::format("{} was changed in the cache while it was installed",
                                    fetched[at].filename));
        }
    }
    return {};
}

/// Opens the wheels of the choices. Where all of them were unpacked before, no index is opened.
Result<std::vector<wheel::WheelArchive>> open_wheels(
    const std::vector<LockedChoice>& choices, const env::Lock& lock, const env::Interpreter& python,
    const InstallOptions& options, const UserConfig& user, const RunContext& run) {
    const wheel::WheelStore store(user.cache_directory() / "unpacked-v1");
    const auto find_one = [&](std::size_t i) -> Result<std::optional<wheel::WheelArchive>> {
        const env::LockedFile* const file = choices[i].file;
        // Copied from there, too: verified as they are, and without being inflated.
        return file == nullptr ? std::nullopt : store.find(file->sha256, file->name);
    };
    ENVPACK_TRY(Wheels wheels,
                parallel_map<std::optional<wheel::WheelArchive>>(choices.size(), find_one, run));
    if (std::any_of(wheels.begin(), wheels.end(), [](const auto& wheel) { return !wheel; })) {
        ENVPACK_TRY(const auto sources,
                    LockSources::open(lock, python, options.indexes, options.no_build, user, run));
        ENVPACK_CHECK(fetch_missing(choices, wheels, *sources, store, options, run));
    }
    std::vector<wheel::WheelArchive> opened;
    for (std::size_t i = 0; i < wheels.size(); ++i) {
        ENVPACK_CHECK(check_identity(*choices[i].package, *wheels[i]));
        opened.push_back(*std::move(wheels[i]));
    }
    return opened;
}

/// One wheel, ready to be put on disk.
struct Placed {
    SafePath dist_info;
    std::vector<archive::PlannedEntry> description = {};  ///< what is in that folder
};
struct Plan {
    std::vector<PlannedFiles> groups;  ///< without the dist-info folders
    std::vector<Placed> placed;        ///< one for each group
    std::vector<std::string> notes;
    StartupHooks startup_hooks;
};

Result<Plan> plan_wheels(const std::vector<LockedChoice>& choices,
                         const std::vector<wheel::WheelArchive>& wheels, const env::Lock& lock,
                         const InstallPlace& place, const InstallOptions& options,
                         const RunContext& run) {
    const std::set<std::string> requested = requested_names(lock);
    const auto plan_one = [&](std::size_t i) -> Result<wheel::InstallPlan> {
        const env::LockedPackage& package = *choices[i].package;
        ENVPACK_TRY(wheel::InstallOptions how,
                    install_options_of(package, options.lock.parent_path()));
        how.requested = requested.contains(std::string(package.name.str()));
        return wheel::plan_install(wheels[i], place.scheme, how);
    };
    ENVPACK_TRY(std::vector<wheel::InstallPlan> plans,
                parallel_map<wheel::InstallPlan>(choices.size(), plan_one, run));
    Plan result;
    for (wheel::InstallPlan& plan : plans) {
        add_hooks(plan.startup_hooks, plan.name.str(), plan.version.to_string(),
                  place.prefix.string() + "/", result.startup_hooks);
        result.groups.push_back(
            {.title = fmt::format("{} {}", plan.name.str(), plan.version.to_string()),
             .entries = std::move(plan.entries)});
        result.placed.push_back({.dist_info = std::move(plan.dist_info), .description = {}});
        std::move(plan.notes.begin(), plan.notes.end(), std::back_inserter(result.notes));
    }
    sort_by_path(result.startup_hooks);
    ENVPACK_CHECK(drop_repeated(result.groups));
    for (std::size_t i = 0; i < result.groups.size(); ++i) {
        Placed& placed = result.placed[i];
        auto& entries = result.groups[i].entries;
        const auto rest = std::stable_partition(entries.begin(), entries.end(),
                                                [&](const archive::PlannedEntry& entry) {
                                                    return !entry.path.is_below(placed.dist_info);
                                                });
        std::move(rest, entries.end(), std::back_inserter(placed.description));
        entries.erase(rest, entries.end());
    }
    return result;
}

/// Names the distribution whose file is in the way.
Error with_owner(Error error, const archive::FileTree& tree, const InstallPlace& place,
                 const Changes& changes) {
    if (error.rule() != "install.path-conflict") {
        return error;
    }
    for (const env::FrozenPackage* package : changes.stay) {
        const auto files =
            wheel::recorded_files(tree, place.prefix.string(), *place.own_path(*package));
        const auto owns = [&](const SafePath& path) { return path.str() == error.path(); };
        if (files && std::any_of(files->begin(), files->end(), owns)) {
            return std::move(error).with_hint(
                fmt::format("it belongs to {} {}, which the lock does not replace",
                            package->name.str(), version_of(*package)));
        }
    }
    return std::move(error).with_hint("no installed package lists it: move it away");
}

Result<void> take_out(const Changes& changes, const InstallPlace& place,
                      const archive::FileTree& tree, archive::FolderChange& change,
                      const RunContext& run) {
    std::vector<SafePath> others;
    for (const env::FrozenPackage* package : changes.stay) {
        others.push_back(*place.own_path(*package));
    }
    const std::array keep = {place.scheme.purelib, place.scheme.scripts};
    for (const env::FrozenPackage* package : changes.take) {
        const SafePath dist_info = *place.own_path(*package);
        const auto doing =
            fmt::format("while removing {} {}", package->name.str(), version_of(*package));
        ENVPACK_TRY(
            const std::vector<SafePath> files,
            with_context(wheel::files_to_remove(tree, place.prefix.string(), dist_info, others),
                         doing));
        ENVPACK_CHECK(with_context(change.take_out(files, keep, run), doing));
        // Last, so that who is killed in between finds the package again and goes on.
        ENVPACK_CHECK(with_context(change.take_out_folder(dist_info), doing));
    }
    return {};
}

InstallReport report_of(const Changes& changes, const InstallPlace& place, const Plan& plan,
                        const std::vector<wheel::WheelArchive>& wheels) {
    InstallReport report{.prefix = place.prefix.string(),
                         .is_new = place.is_new,
                         .kept = changes.kept,
                         .startup_hooks = plan.startup_hooks,
                         .notes = plan.notes};
    std::set<std::string> replaced;
    for (const wheel::WheelArchive& wheel : wheels) {
        InstalledPackage item{.name = std::string(wheel.name().str()),
                              .version = wheel.version().to_string()};
        for (const env::FrozenPackage* package : changes.take) {
            if (package->name == wheel.name()) {
                item.replaced = version_of(*package);
                replaced.insert(item.name);
            }
        }
        report.installed.push_back(std::move(item));
    }
    for (const env::FrozenPackage* package : changes.take) {
        const std::string name(package->name.str());
        if (!replaced.contains(name)) {
            report.removed.push_back({.name = name, .version = version_of(*package)});
        }
    }
    return report;
}

Result<env::Lock> read_lock(const fs::path& path) {
    constexpr Limits limits;
    ENVPACK_TRY(const std::string text, read_file(path, limits.max_text));
    return with_context(env::Lock::parse(text, limits),
                        fmt::format("while reading `{}`", path.string()));
}

}  // namespace

Result<InstallReport> install(const InstallOptions& options, const UserConfig& user,
                              const RunContext& run) {
    ENVPACK_TRY(const env::Lock lock, read_lock(options.lock));
    ENVPACK_TRY(const fs::path prefix, real_prefix(options.prefix));
    // From here on nobody else changes the environment that is looked at.
    ENVPACK_TRY(archive::FolderChange change,
                archive::FolderChange::begin(prefix, options.link_mode, run));
    ENVPACK_TRY(const InstallPlace place,
                open_install_place(prefix, change.was_empty(), options, user, run));
    ENVPACK_CHECK(check_lock_target(lock, place.inventory, "`" + prefix.string() + "`"));
    ENVPACK_TRY(const Changes changes, changes_for(lock, place, options));

    ENVPACK_TRY(const std::vector<wheel::WheelArchive> wheels,
                open_wheels(changes.add, lock, place.inventory.python, options, user, run));
    ENVPACK_TRY(const Plan plan, plan_wheels(changes.add, wheels, lock, place, options, run));

    const archive::DiskTree tree(prefix);
    ENVPACK_CHECK(take_out(changes, place, tree, change, run));
    ENVPACK_CHECK(change.put(place.own, run));
    const auto put_one = [&](std::size_t i) -> Result<void> {
        const auto put = [&]() -> Result<void> {
            ENVPACK_CHECK(change.put(plan.groups[i].entries, run));
            return change.put_folder(plan.placed[i].dist_info, plan.placed[i].description, run);
        };
        return with_context(put(), "while installing " + plan.groups[i].title);
    };
    if (Result<void> put = parallel_for(plan.groups.size(), put_one, run); !put) {
        return fail(with_owner(std::move(put).error(), tree, place, changes));
    }
    change.commit();
    return report_of(changes, place, plan, wheels);
}

}  // namespace envpack::pipeline
