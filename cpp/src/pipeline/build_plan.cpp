#include "build_plan.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/parallel.hpp"
#include "envpack/env/constraints.hpp"
#include "envpack/pipeline/freeze.hpp"
#include "envpack/wheel/venv.hpp"
#include "envpack/wheel/venv_layers.hpp"
#include "locked_wheels.hpp"
#include "wheel_plan.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <iterator>
#include <optional>
#include <set>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace envpack::pipeline {
namespace {

/// A distribution with so many plain bytes gets a layer of its own, so that it is stored and sent
/// once however the others change.
constexpr std::uint64_t large = std::uint64_t{16} << 20;

/// Of a wheel that the lock names by its sha256: known from an earlier build, or read now.
class WheelPlans {
public:
    WheelPlans(std::filesystem::path folder, const wheel::InstallScheme& scheme,
               std::shared_ptr<const LockSources> sources, const BuildRecords& records,
               const RunContext& run)
        : folder_(std::move(folder)),
          scheme_(scheme),
          sources_(std::move(sources)),
          records_(records),
          run_(run) {}

    /// As an earlier build left it.
    std::optional<WheelPlan> find(const LockedChoice& choice) const {
        if (choice.file == nullptr || !records_.finds_layers()) {
            return std::nullopt;
        }
        auto record = records_.find(wheel_plans_kind, key_of(*choice.file));
        if (!record) {
            return std::nullopt;
        }
        const auto open_again = [choice, folder = folder_, scheme = scheme_, sources = sources_,
                                 &run = run_] {
            return open(choice, folder, scheme, *sources, {}, run);
        };
        return wheel_plan_from(*std::move(record), *choice.package, choice.file->sha256,
                               open_again);
    }

    Result<WheelPlan> make(const LockedChoice& choice, const LocalDigests& hashed) const {
        ENVPACK_TRY(WheelPlan plan, open(choice, folder_, scheme_, *sources_, hashed, run_));
        if (choice.file != nullptr) {
            records_.keep(wheel_plans_kind, key_of(*choice.file), to_record(plan));
        }
        return plan;
    }

private:
    static Result<WheelPlan> open(const LockedChoice& choice, const std::filesystem::path& folder,
                                  const wheel::InstallScheme& scheme, const LockSources& sources,
                                  const LocalDigests& hashed, const RunContext& run) {
        const auto& [package, file] = choice;
        ENVPACK_TRY(const BuiltWheel wheel,
                    with_context(wheel_file(choice, folder, sources, hashed, run),
                                 "while installing " +
                                     (file != nullptr ? file->name : package->name.to_string())));
        return plan_wheel(*package, wheel, folder, scheme);
    }

    Digest key_of(const env::LockedFile& file) const {
        return wheel_plan_key(file.sha256, file.name, scheme_);
    }

    std::filesystem::path folder_;
    const wheel::InstallScheme& scheme_;
    std::shared_ptr<const LockSources> sources_;
    const BuildRecords& records_;
    const RunContext& run_;
};

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
    entries.push_back(
        archive::planned_text(scheme.purelib / "_envpack_base.pth", std::move(lines)));
    return {};
}

/// Packages of an environment that the base has too: the same version of the same source. An
/// installer is the environment's own: its command works on the environment that it is in.
std::set<packaging::PackageName> found_in_base(const env::Inventory& venv,
                                               const env::Inventory& base) {
    std::set<packaging::PackageName> found;
    for (const env::FrozenPackage& package : venv.packages) {
        const env::FrozenPackage* const present = base.find(package.name);
        if (present != nullptr && package.version && package.version == present->version &&
            package.direct_url == present->direct_url && !package.editable && !present->editable &&
            !env::is_installer(package.name)) {
            found.insert(package.name);
        }
    }
    return found;
}

std::string left_out_note(const std::set<packaging::PackageName>& names) {
    std::vector<std::string_view> texts;
    for (const packaging::PackageName& name : names) {
        texts.push_back(name.str());
    }
    return fmt::format(
        "{} in the base already, in the same version: {} (--no-dedupe keeps {})",
        names.size() == 1 ? "1 package is" : fmt::format("{} packages are", names.size()),
        fmt::join(texts, ", "), names.size() == 1 ? "it" : "them");
}

env::PackageOrigin origin_of(const LockedChoice& choice, const WheelPlan& wheel) {
    const env::LockedPackage& package = *choice.package;
    env::PackageOrigin origin{
        .name = package.name, .version = wheel.package.version, .index = package.index};
    const env::LockedFile* const file = choice.file != nullptr ? choice.file
                                        : package.sdist        ? &*package.sdist
                                        : package.archive      ? &package.archive->file
                                                               : nullptr;
    if (file != nullptr) {
        origin.file_name = file->name;
        origin.sha256 = file->sha256;
        origin.url = file->url;
    } else if (package.vcs) {
        origin.vcs = package.vcs->type;
        origin.url = package.vcs->url;
        origin.commit = package.vcs->commit_id;
    }
    if (choice.file == nullptr && wheel.files.wheels && !wheel.files.wheels->empty()) {
        origin.built_sha256 = wheel.files.wheels->front();
    }
    return origin;
}

bool same_entry(const archive::PlannedEntry& a, const archive::PlannedEntry& b) {
    return a.type == b.type && a.mode == b.mode && a.link_target == b.link_target &&
           (a.type != archive::FileType::regular || (a.sha256 && a.sha256 == b.sha256));
}

}  // namespace

Result<BuildPlan> plan_from_lock(const env::Lock& lock, const std::filesystem::path& folder,
                                 const BuildBase& base, std::shared_ptr<const LockSources> sources,
                                 const BuildRecords& records, const RunContext& run) {
    const env::Interpreter& python = base.inventory.python;
    const wheel::InstallScheme& scheme = base.place.scheme;
    // Where the base has another version, check_lock_fits() has seen that it is meant.
    const auto is_new = [&](const env::LockedPackage& package) {
        const env::FrozenPackage* present = base.inventory.find(package.name);
        return present == nullptr || present->version != package.version;
    };
    ENVPACK_TRY(const std::vector<LockedChoice> wanted,
                choose_wheels(lock, python, "the base", is_new));
    const WheelPlans plans(folder, scheme, std::move(sources), records, run);
    ENVPACK_TRY(std::vector<std::optional<WheelPlan>> known,
                parallel_map<std::optional<WheelPlan>>(
                    wanted.size(), [&](std::size_t i) { return plans.find(wanted[i]); }, run));
    std::vector<LockedChoice> missing;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        if (!known[i]) {
            missing.push_back(wanted[i]);
        }
    }
    ENVPACK_TRY(const LocalDigests hashed, digests_of_local_files(missing, folder, run));
    std::atomic<std::size_t> done{0};
    const auto plan_one = [&](std::size_t i) -> Result<WheelPlan> {
        auto plan = known[i] ? *std::move(known[i]) : plans.make(wanted[i], hashed);
        run.report("wheels", ++done, wanted.size());
        return plan;
    };
    ENVPACK_TRY(std::vector<WheelPlan> wheels,
                parallel_map<WheelPlan>(
                    largest_first(wanted.size(), [&](std::size_t i) { return size_of(wanted[i]); }),
                    plan_one, run));

    BuildPlan plan{.is_fixed = std::ranges::none_of(
                       wanted, [](const LockedChoice& choice) { return choice.file == nullptr; })};
    for (std::size_t i = 0; i < wheels.size(); ++i) {
        WheelPlan& wheel = wheels[i];
        plan.origins.push_back(origin_of(wanted[i], wheel));
        wheel.files.packages.push_back(std::move(wheel.package));
        plan.groups.push_back(std::move(wheel.files));
        plan.notes.insert(plan.notes.end(), wheel.notes.begin(), wheel.notes.end());
        std::ranges::move(wheel.startup_hooks, std::back_inserter(plan.startup_hooks));
    }
    sort_by_path(plan.startup_hooks);
    std::vector<archive::PlannedEntry> own = base.place.own_entries();
    if (base.place.makes_environment) {
        ENVPACK_TRY(auto environment, wheel::plan_venv({.prefix = base.place.prefix,
                                                        .base_interpreter = base.interpreter(),
                                                        .python_version = python.full_version,
                                                        .system_site_packages = true}));
        std::ranges::move(environment, std::back_inserter(own));
        ENVPACK_CHECK(add_base_path(base, scheme, own));
    }
    plan.groups.push_back(
        {.title = "environment", .entries = std::move(own), .wheels = std::vector<Digest>()});
    return plan;
}

Result<BuildPlan> plan_from_venv(const BuildOptions& options, const BuildBase& base,
                                 const UserConfig& user, const RunContext& run) {
    const std::filesystem::path& venv = options.input;
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
    wheel::SplitOptions how{.tests = options.tests};
    BuildPlan plan;
    std::vector<archive::PlannedEntry> own = base.place.own_entries();
    if (options.dedupe) {
        how.of_base = found_in_base(inventory, base.inventory);
    }
    if (!how.of_base.empty()) {
        plan.notes.push_back(left_out_note(how.of_base));
        ENVPACK_CHECK(add_base_path(base, base.place.scheme, own));
    }
    ENVPACK_TRY(auto groups,
                wheel::split_venv(venv, base.place.prefix, base.interpreter(), how, run));
    for (wheel::DistributionFiles& group : groups) {
        plan.notes.insert(plan.notes.end(), group.notes.begin(), group.notes.end());
        ENVPACK_TRY(const auto hooks, wheel::startup_hooks(group.entries, base.place.scheme));
        add_hooks(hooks, group.name, group.version, "/", plan.startup_hooks);
        PlannedFiles files{.title = "files of no package",
                           .entries = std::move(group.entries),
                           .is_unowned = group.name.empty()};
        if (!files.is_unowned) {
            files.title = fmt::format("{} {}", group.name, group.version);
            ENVPACK_TRY(auto name, packaging::PackageName::parse(group.name));
            files.packages.push_back({.name = std::move(name), .version = group.version});
        }
        plan.groups.push_back(std::move(files));
    }
    plan.groups.push_back({.title = "environment", .entries = std::move(own)});
    sort_by_path(plan.startup_hooks);
    return plan;
}

Result<void> drop_repeated(std::vector<PlannedFiles>& groups) {
    struct Owner {
        std::size_t group;
        std::size_t entry;
    };
    std::size_t count = 0;
    for (const PlannedFiles& group : groups) {
        count += group.entries.size();
    }
    std::unordered_map<std::string_view, Owner> owners;  // views of paths that stay where they are
    owners.reserve(count);
    std::vector<std::vector<std::size_t>> repeated(groups.size());
    for (std::size_t g = 0; g < groups.size(); ++g) {
        const std::vector<archive::PlannedEntry>& entries = groups[g].entries;
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const auto [owner, is_new] =
                owners.try_emplace(entries[i].path.str(), Owner{.group = g, .entry = i});
            if (is_new) {
                continue;
            }
            const PlannedFiles& first = groups[owner->second.group];
            if (!same_entry(first.entries[owner->second.entry], entries[i])) {
                return fail(Error(ErrorCode::invalid_argument,
                                  fmt::format("{} and {} both bring `{}`, with different content",
                                              first.title, groups[g].title, entries[i].path.str()))
                                .with_rule("plan.path-conflict"));
            }
            repeated[g].push_back(i);
        }
    }
    owners.clear();
    for (std::size_t g = 0; g < groups.size(); ++g) {
        std::size_t number = 0;
        auto next = repeated[g].cbegin();
        std::erase_if(groups[g].entries, [&](const archive::PlannedEntry&) {
            const bool is_repeated = next != repeated[g].cend() && *next == number;
            next += is_repeated ? 1 : 0;
            ++number;
            return is_repeated;
        });
    }
    return {};
}

Result<std::vector<PlannedFiles>> layers_of(BuildPlan plan, std::size_t budget) {
    ENVPACK_ASSERT(budget > 0);
    ENVPACK_CHECK(drop_repeated(plan.groups));
    std::vector<PlannedFiles> layers;
    PlannedFiles rest{.title = {}, .wheels = std::vector<Digest>(), .is_rest = true};
    std::optional<PlannedFiles> unowned;
    for (PlannedFiles& group : plan.groups) {
        if (group.is_unowned && budget > 1 && !group.entries.empty()) {
            unowned = std::move(group);
            --budget;
            continue;
        }
        if (group.size() >= large) {
            layers.push_back(std::move(group));
            continue;
        }
        rest.take(std::move(group));
    }
    std::sort(layers.begin(), layers.end(), [](const PlannedFiles& a, const PlannedFiles& b) {
        return std::pair(b.size(), a.title) < std::pair(a.size(), b.title);
    });
    while (layers.size() >= budget) {
        rest.take(std::move(layers.back()));
        layers.pop_back();
    }
    std::sort(layers.begin(), layers.end(),
              [](const PlannedFiles& a, const PlannedFiles& b) { return a.title < b.title; });
    if (!rest.entries.empty()) {
        const std::size_t count = rest.packages.size();
        rest.title = fmt::format("environment with {} package{}", count, count == 1 ? "" : "s");
        layers.push_back(std::move(rest));
    }
    if (unowned) {
        layers.push_back(*std::move(unowned));
    }
    return layers;
}

}  // namespace envpack::pipeline
