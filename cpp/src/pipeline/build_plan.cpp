#include "build_plan.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/parallel.hpp"
#include "envpack/env/target_environment.hpp"
#include "envpack/http/url.hpp"
#include "envpack/packaging/wheel_filename.hpp"
#include "envpack/pipeline/freeze.hpp"
#include "envpack/wheel/install_plan.hpp"
#include "envpack/wheel/venv.hpp"
#include "envpack/wheel/venv_layers.hpp"

#include <algorithm>
#include <atomic>
#include <unordered_map>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

/// A distribution with so many plain bytes gets a layer of its own, so that it is stored and sent
/// once however the others change.
constexpr std::uint64_t large = std::uint64_t{16} << 20;

/// The wheel of `package` that fits best, nullptr when it has to be made from its source, or why
/// there is none.
Result<const env::LockedFile*> best_wheel(const env::LockedPackage& package,
                                          const packaging::TagIndex& tags) {
    if (package.wheels.empty()) {
        return nullptr;
    }
    const env::LockedFile* best = nullptr;
    std::size_t best_rank = 0;
    for (const env::LockedFile& file : package.wheels) {
        ENVPACK_TRY(const auto name, packaging::WheelFilename::parse(file.name));
        const auto rank = tags.rank(name.tags);
        if (rank && (best == nullptr || *rank < best_rank)) {
            best = &file;
            best_rank = *rank;
        }
    }
    if (best == nullptr && package.sdist) {
        return nullptr;
    }
    if (best == nullptr) {
        return fail(Error(ErrorCode::unsupported,
                          fmt::format("the lock has no wheel of {} for the base's Python and "
                                      "platform",
                                      package.name.str()))
                        .with_hint("resolve for this base"));
    }
    return best;
}

Result<index::DistFile> dist_file(const env::LockedFile& file,
                                  const std::filesystem::path& folder) {
    index::DistFile result{
        .filename = file.name, .url = file.url, .sha256 = file.sha256, .size = file.size};
    if (!file.path.empty()) {
        ENVPACK_TRY(const std::filesystem::path path, absolute_path(folder / file.path));
        result.url = http::Url::from_path(path).to_string();
    }
    return result;
}

/// A file that the lock names on this machine, checked here since no index hands it out.
Result<std::filesystem::path> checked_local_file(const index::DistFile& file,
                                                 const RunContext& run) {
    ENVPACK_TRY(const http::Url url, http::Url::parse(file.url));
    ENVPACK_TRY(std::filesystem::path path, url.file_path());
    ENVPACK_TRY(FileSource source, FileSource::open(path));
    HashingSink hash;
    ENVPACK_CHECK(copy(source, hash, run));
    const Digest actual = std::move(hash).digest();
    if (file.sha256 && actual != *file.sha256) {
        return fail(Error(ErrorCode::digest_mismatch,
                          fmt::format("{} has sha256 {}, the lock says {}", file.filename,
                                      actual.hex(), file.sha256->hex()))
                        .with_rule("lock.hash-mismatch"));
    }
    return path;
}

Result<std::filesystem::path> fetch(const index::DistFile& file, const index::PackageIndex* index,
                                    const RunContext& run) {
    if (file.url.starts_with("file:")) {
        return checked_local_file(file, run);
    }
    ENVPACK_ASSERT(index != nullptr);
    return index->download(file, run);
}

struct WheelPlan {
    PlannedFiles files;
    std::vector<std::string> notes;
};

/// The wheel on this machine: fetched, or made from source.
Result<BuiltWheel> wheel_file(const env::LockedPackage& package, const env::LockedFile* file,
                              const std::filesystem::path& folder, const index::PackageIndex* index,
                              const DirectServices& sources, const RunContext& run) {
    if (file == nullptr) {
        return wheel_of(package, folder, sources, run);
    }
    ENVPACK_TRY(const index::DistFile named, dist_file(*file, folder));
    ENVPACK_TRY(std::filesystem::path path, fetch(named, index, run));
    return BuiltWheel{.path = std::move(path), .filename = file->name, .sha256 = file->sha256};
}

Result<WheelPlan> plan_wheel(const env::LockedPackage& package, const BuiltWheel& file,
                             const wheel::InstallScheme& scheme) {
    const auto doing = fmt::format("while installing {}", file.filename);
    ENVPACK_TRY(const wheel::WheelArchive archive,
                with_context(wheel::WheelArchive::open_as(file.path, file.filename), doing));
    if (archive.name() != package.name ||
        (package.version && archive.version() != *package.version)) {
        return fail(
            Error(ErrorCode::parse_error, fmt::format("{} is not the file of {} that the lock says",
                                                      file.filename, package.name.str()))
                .with_rule("lock.file-name"));
    }
    ENVPACK_TRY(wheel::InstallPlan plan, with_context(wheel::plan_install(archive, scheme), doing));
    return WheelPlan{
        .files = {.title = fmt::format("{} {}", package.name.str(), archive.version().to_string()),
                  .entries = std::move(plan.entries)},
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

/// Keeps each path in the first group that brings it.
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
    ENVPACK_TRY(const packaging::TagTarget target, env::tag_target(python));
    const packaging::TagIndex tags(target);
    const packaging::MarkerEnvironment environment = env::marker_environment(python);
    ENVPACK_TRY(const wheel::InstallScheme scheme,
                wheel::venv_scheme(base.prefix, python.major, python.minor));

    std::vector<std::pair<const env::LockedPackage*, const env::LockedFile*>> wanted;
    for (const env::LockedPackage& package : lock.packages) {
        if (!package.marker.empty()) {
            ENVPACK_TRY(const auto marker, packaging::Marker::parse(package.marker));
            if (!marker.evaluate(environment)) {
                continue;
            }
        }
        if (const env::FrozenPackage* present = base.inventory.find(package.name);
            present != nullptr && present->version == package.version) {
            continue;  // check_lock_fits() has seen that another version is meant
        }
        ENVPACK_TRY(const env::LockedFile* file, best_wheel(package, tags));
        wanted.emplace_back(&package, file);
    }
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
        plan.notes.insert(plan.notes.end(), wheel.notes.begin(), wheel.notes.end());
    }
    ENVPACK_TRY(auto own, wheel::plan_venv({.prefix = base.prefix,
                                            .base_interpreter = base.interpreter(),
                                            .python_version = python.full_version,
                                            .system_site_packages = true}));
    ENVPACK_CHECK(add_base_path(base, scheme, own));
    plan.groups.push_back({.title = "environment", .entries = std::move(own)});
    return plan;
}

Result<BuildPlan> plan_from_venv(const std::filesystem::path& venv, const BuildBase& base,
                                 const UserConfig& user, const RunContext& run) {
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
    ENVPACK_TRY(auto groups, wheel::split_venv(venv, base.prefix, base.interpreter(), run));
    BuildPlan plan;
    for (wheel::DistributionFiles& group : groups) {
        plan.notes.insert(plan.notes.end(), group.notes.begin(), group.notes.end());
        plan.groups.push_back({.title = group.name.empty()
                                            ? "environment"
                                            : fmt::format("{} {}", group.name, group.version),
                               .entries = std::move(group.entries)});
    }
    return plan;
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
