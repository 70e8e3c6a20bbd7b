#include "build_plan.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/parallel.hpp"
#include "envpack/pipeline/freeze.hpp"
#include "envpack/wheel/install_plan.hpp"
#include "envpack/wheel/venv.hpp"
#include "envpack/wheel/venv_layers.hpp"
#include "locked_wheels.hpp"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <unordered_map>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

/// A distribution with so many plain bytes gets a layer of its own, so that it is stored and sent
/// once however the others change.
constexpr std::uint64_t large = std::uint64_t{16} << 20;

struct WheelPlan {
    PlannedFiles files;
    AddedPackage package;
    std::vector<std::string> notes;
};

Result<WheelPlan> plan_wheel(const env::LockedPackage& package, const BuiltWheel& file,
                             const wheel::InstallScheme& scheme) {
    const auto doing = fmt::format("while installing {}", file.filename);
    ENVPACK_TRY(const wheel::WheelArchive archive,
                with_context(wheel::WheelArchive::open_as(file.path, file.filename), doing));
    ENVPACK_CHECK(check_identity(package, archive));
    ENVPACK_TRY(wheel::InstallPlan plan, with_context(wheel::plan_install(archive, scheme), doing));
    return WheelPlan{
        .files = {.title = fmt::format("{} {}", package.name.str(), archive.version().to_string()),
                  .entries = std::move(plan.entries)},
        .package = {.name = archive.name(), .version = archive.version().to_string()},
        .notes = std::move(plan.notes)};
}

/// A base that is itself a virtual environment is not seen by another one: its folders are added
/// by a .pth file, after the environment's own (CPython Lib/site.py).
Result<void> add_base_path(const BuildBase& base, const wheel::InstallScheme& scheme,
                           std::vector<archive::PlannedEntry>& entries) {
    if (!base.inventory.python.is_venv) {
        return {};
    }
    std::string lines;
    for (const SafePath& folder : base.inventory.search_path) {
        lines += fmt::format("/{}\n", folder.str());
    }
    entries.push_back({.path = scheme.purelib / "_envpack_base.pth",
                       .content = archive::Content::of_text(lines),
                       .sha256 = Digest::of(as_bytes(lines))});
    return {};
}

bool same_entry(const archive::PlannedEntry& a, const archive::PlannedEntry& b) {
    return a.type == b.type && a.mode == b.mode && a.link_target == b.link_target &&
           (a.type != archive::FileType::regular || (a.sha256 && a.sha256 == b.sha256));
}

}  // namespace

std::uint64_t PlannedFiles::size() const {
    std::uint64_t total = 0;
    for (const archive::PlannedEntry& entry : entries) {
        total += entry.content.size();
    }
    return total;
}

Result<BuildPlan> plan_from_lock(const env::Lock& lock, const std::filesystem::path& folder,
                                 const BuildBase& base, const index::PackageIndex* index,
                                 const DirectServices& sources, const RunContext& run) {
    const env::Interpreter& python = base.inventory.python;
    const wheel::InstallScheme& scheme = base.place.scheme;
    // Where the base has another version, check_lock_fits() has seen that it is meant.
    const auto is_new = [&](const env::LockedPackage& package) {
        const env::FrozenPackage* present = base.inventory.find(package.name);
        return present == nullptr || present->version != package.version;
    };
    ENVPACK_TRY(const std::vector<LockedChoice> wanted,
                choose_wheels(lock, python, "the base", is_new));
    std::atomic<std::size_t> done{0};
    ENVPACK_TRY(
        std::vector<WheelPlan> wheels,
        parallel_map<WheelPlan>(
            wanted.size(),
            [&](std::size_t i) -> Result<WheelPlan> {
                const auto& [package, file] = wanted[i];
                ENVPACK_TRY(
                    const BuiltWheel wheel,
                    with_context(wheel_file(*package, file, folder, index, sources, run),
                                 "while installing " +
                                     (file != nullptr ? file->name : package->name.to_string())));
                auto plan = plan_wheel(*package, wheel, scheme);
                run.report("wheels", ++done, wanted.size());
                return plan;
            },
            run));

    BuildPlan plan;
    for (WheelPlan& wheel : wheels) {
        plan.groups.push_back(std::move(wheel.files));
        plan.added.push_back(std::move(wheel.package));
        plan.notes.insert(plan.notes.end(), wheel.notes.begin(), wheel.notes.end());
    }
    std::vector<archive::PlannedEntry> own = base.place.own_entries();
    if (base.place.makes_environment) {
        ENVPACK_TRY(auto environment, wheel::plan_venv({.prefix = base.place.prefix,
                                                        .base_interpreter = base.interpreter(),
                                                        .python_version = python.full_version,
                                                        .system_site_packages = true}));
        std::ranges::move(environment, std::back_inserter(own));
        ENVPACK_CHECK(add_base_path(base, scheme, own));
    }
    plan.groups.push_back({.title = "environment", .entries = std::move(own)});
    return plan;
}

Result<BuildPlan> plan_from_venv(const std::filesystem::path& venv, const BuildBase& base,
                                 const UserConfig& user, const RunContext& run) {
    if (!base.place.makes_environment) {
        return fail(
            Error(ErrorCode::invalid_argument,
                  fmt::format("`{}` cannot be joined with the Python of the base", venv.string()))
                .with_hint("give a lock, or a prefix at which the base has nothing"));
    }
    ENVPACK_TRY(const env::Inventory inventory,
                freeze({.source = "python:" + venv.string(), .detail = env::InventoryDetail::pins},
                       user, run));
    const std::string here = inventory.python.short_version();
    const std::string there = base.inventory.python.short_version();
    if (here != there) {
        return fail(
            Error(ErrorCode::invalid_argument,
                  fmt::format("`{}` is for Python {}, the base has {}", venv.string(), here, there))
                .with_rule("build.venv-python")
                .with_hint("make the environment with the base's Python version"));
    }
    ENVPACK_TRY(auto groups, wheel::split_venv(venv, base.place.prefix, base.interpreter(), run));
    BuildPlan plan;
    for (wheel::DistributionFiles& group : groups) {
        plan.notes.insert(plan.notes.end(), group.notes.begin(), group.notes.end());
        if (!group.name.empty()) {
            ENVPACK_TRY(auto name, packaging::PackageName::parse(group.name));
            plan.added.push_back({.name = std::move(name), .version = group.version});
        }
        plan.groups.push_back({.title = group.name.empty()
                                            ? "environment"
                                            : fmt::format("{} {}", group.name, group.version),
                               .entries = std::move(group.entries)});
    }
    plan.groups.push_back({.title = "environment", .entries = base.place.own_entries()});
    return plan;
}

Result<void> drop_repeated(std::vector<PlannedFiles>& groups) {
    struct Owner {
        archive::PlannedEntry entry;
        std::string title;
    };
    std::unordered_map<SafePath, Owner> owners;
    for (PlannedFiles& group : groups) {
        std::vector<archive::PlannedEntry> kept;
        for (archive::PlannedEntry& entry : group.entries) {
            const auto [owner, is_new] =
                owners.try_emplace(entry.path, Owner{.entry = entry, .title = group.title});
            if (is_new) {
                kept.push_back(std::move(entry));
            } else if (!same_entry(owner->second.entry, entry)) {
                return fail(Error(ErrorCode::invalid_argument,
                                  fmt::format("{} and {} both bring `{}`, with different content",
                                              owner->second.title, group.title, entry.path.str()))
                                .with_rule("plan.path-conflict"));
            }
        }
        group.entries = std::move(kept);
    }
    return {};
}

Result<std::vector<PlannedFiles>> layers_of(BuildPlan plan, std::size_t budget) {
    ENVPACK_ASSERT(budget > 0);
    ENVPACK_CHECK(drop_repeated(plan.groups));
    std::vector<PlannedFiles> layers;
    PlannedFiles rest;
    std::size_t in_rest = 0;
    for (PlannedFiles& group : plan.groups) {
        if (group.size() >= large) {
            layers.push_back(std::move(group));
            continue;
        }
        in_rest += group.title == "environment" ? 0 : 1;
        std::move(group.entries.begin(), group.entries.end(), std::back_inserter(rest.entries));
    }
    std::sort(layers.begin(), layers.end(), [](const PlannedFiles& a, const PlannedFiles& b) {
        return std::pair(b.size(), a.title) < std::pair(a.size(), b.title);
    });
    while (layers.size() >= budget) {
        std::move(layers.back().entries.begin(), layers.back().entries.end(),
                  std::back_inserter(rest.entries));
        layers.pop_back();
        ++in_rest;
    }
    std::sort(layers.begin(), layers.end(),
              [](const PlannedFiles& a, const PlannedFiles& b) { return a.title < b.title; });
    if (!rest.entries.empty()) {
        rest.title = fmt::format("environment with {} package{}", in_rest, in_rest == 1 ? "" : "s");
        layers.push_back(std::move(rest));
    }
    return layers;
}

}  // namespace envpack::pipeline
