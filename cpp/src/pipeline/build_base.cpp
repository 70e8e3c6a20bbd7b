#include "build_base.hpp"

#include "baked_constraints.hpp"
#include "cuda_base.hpp"
#include "envpack/archive/recorded_tree.hpp"
#include "envpack/env/compare_constraints.hpp"
#include "envpack/env/loader_paths.hpp"
#include "envpack/packaging/specifier_set.hpp"
#include "envpack/pipeline/source.hpp"
#include "inventory_store.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

constexpr std::string_view resolve_again =
    "resolve for this base: envpack resolve … --base BASE -o pylock.toml";

Error unfit(std::string message) {
    return Error(ErrorCode::invalid_argument, std::move(message))
        .with_rule("build.lock-base")
        .with_hint(std::string(resolve_again));
}

std::string installed_version(const env::FrozenPackage& package) {
    return package.version ? package.version->to_string() : package.raw_version;
}

/// Names and links of all files, and the few contents that a build reads; or those that describe
/// packages, too.
constexpr std::string_view base_files = "base-files-v1";
constexpr std::string_view base_packages = "base-packages-v1";

std::string_view record_kind(const BuildOptions& options) {
    return options.sbom.empty() ? base_files : base_packages;
}

/// What of a base's files is kept in memory.
bool wanted(const SafePath& path, const archive::FileInfo& info) {
    return env::inventory_wants(path, info) || env::loader_paths_want(path, info);
}

Digest base_files_key(std::string_view kind, const Digest& manifest) {
    PackedWriter key = record_key(kind, 1);
    key.digest(manifest);
    return Digest::of(as_bytes(key.view()));
}

InventoryKey inventory_key(const oci::Image& image) {
    return {.manifest = oci::digest_of(image), .detail = env::InventoryDetail::pins};
}

/// Fills in a base that was read before; false when it was not.
bool find_base(const Source& source, std::string_view kind, const BuildRecords& records,
               const UserConfig& user, const RunContext& run, BuildBase& base) {
    const Result<oci::ImageConfig> config = oci::config_of(*base.image);
    auto files = records.find(kind, base_files_key(kind, oci::digest_of(*base.image)));
    if (!config || !files) {
        return false;
    }
    auto inventory = InventoryStore(user).find(inventory_key(*base.image));
    if (!inventory) {
        return false;
    }
    const auto read = [source, image = base.image,
                       run]() -> Result<archive::RecordedTree::TreePtr> {
        ENVPACK_TRY(const OpenSource open, open_image_tree(source, image, wanted, run));
        return open.tree;
    };
    base.tree = archive::RecordedTree::make(*std::move(files), read);
    base.environment = environment_of(*config);
    base.inventory = *std::move(inventory);
    base.inventory.source = source.text;
    return base.tree != nullptr;
}

Result<void> keep_base(const BuildBase& base, std::string_view kind, const BuildRecords& records,
                       const UserConfig& user, const RunContext& run) {
    // METADATA is long where it has a description.
    const std::uint64_t max_file = kind == base_packages ? 1u << 20 : 64u << 10;
    // What a build wants to know of packages is in the inventory.
    const auto kept = [whole = kind == base_packages,
                       paths = env::constraint_paths(base.environment)](
                          const SafePath& path, const archive::FileInfo& info) {
        const bool is_of_package = path.str().find(".dist-info/") != std::string::npos ||
                                   path.str().find(".egg-info/") != std::string::npos;
        return (wanted(path, info) && (whole || !is_of_package)) ||
               std::find(paths.begin(), paths.end(), '/' + path.str()) != paths.end() ||
               path.str().starts_with(baked_pins_folder);
    };
    ENVPACK_TRY(const std::string record, archive::record_of_tree(*base.tree, kept, run, max_file));
    records.keep(kind, base_files_key(kind, oci::digest_of(*base.image)), record);
    InventoryStore(user).keep(inventory_key(*base.image), base.inventory);
    return {};
}

}  // namespace

std::string BuildBase::interpreter() const {
    return "/" + inventory.python.executable.str();
}

Result<Source> source_of_base(const std::string& base) {
    ENVPACK_TRY(Source source, Source::parse(base));
    if (!source.is_image()) {
        return fail(Error(ErrorCode::unsupported, fmt::format("base `{}` is no image", base))
                        .with_hint("name an image: --base oci:DIR[:TAG], oci-archive:FILE[:TAG] or "
                                   "docker-archive:FILE[:NAME]"));
    }
    return source;
}

Result<BuildBase> open_base(const std::string& base, const BuildOptions& options,
                            const BuildRecords& records, const UserConfig& user,
                            const RunContext& run) {
    ENVPACK_TRY(const Source source, source_of_base(base));
    ENVPACK_TRY(oci::ImagePtr image, open_image(source, user, run));
    BuildBase result{.image = image, .has_digest = source.kind != Source::Kind::docker_archive};
    const bool is_recorded =
        records.is_kept() && result.has_digest && !options.input.empty() && !options.with_libs;
    const std::string_view kind = record_kind(options);
    if (is_recorded && find_base(source, kind, records, user, run, result)) {
        ENVPACK_TRY(result.place, place_for(options, *result.tree, &result.inventory.python));
        return result;
    }
    ENVPACK_TRY(OpenSource open, open_image_tree(source, std::move(image), wanted, run));
    result.tree = open.tree;
    result.layers = open.layers;
    result.environment = open.environment;
    Result<env::Inventory> inventory =
        inventory_of(source, open, std::nullopt, env::InventoryDetail::pins, run);
    if (inventory) {
        result.inventory = *std::move(inventory);
        if (is_recorded) {
            ENVPACK_CHECK(keep_base(result, kind, records, user, run));
        }
    } else if (!options.input.empty() || inventory.error().code() != ErrorCode::not_found) {
        return fail(std::move(inventory).error().with_context(
            fmt::format("while reading base `{}`", base)));
    }
    ENVPACK_TRY(result.place,
                place_for(options, *result.tree,
                          options.input.empty() ? nullptr : &result.inventory.python));
    return result;
}

Result<void> check_lock_target(const env::Lock& lock, const env::Inventory& inventory,
                               std::string_view who) {
    const env::Interpreter& python = inventory.python;
    if (!lock.requires_python.empty()) {
        ENVPACK_TRY(const auto wanted, packaging::SpecifierSet::parse(lock.requires_python));
        ENVPACK_TRY(const auto version, packaging::Version::parse(python.full_version));
        if (!wanted.contains(version, true)) {
            return fail(unfit(fmt::format("the lock is for Python {}, {} has {}",
                                          lock.requires_python, who, python.full_version)));
        }
    }
    if (!lock.origin) {
        return {};
    }
    for (const env::ProvidedPackage& provided : lock.origin->provided) {
        const env::FrozenPackage* package = inventory.find(provided.name);
        if (package == nullptr) {
            return fail(unfit(fmt::format("the lock counts on {} {}, which {} lacks",
                                          provided.name.str(), provided.version, who)));
        }
        if (installed_version(*package) != provided.version) {
            return fail(
                unfit(fmt::format("the lock counts on {} {}, {} has {}", provided.name.str(),
                                  provided.version, who, installed_version(*package))));
        }
    }
    return {};
}

Result<void> check_lock_fits(const env::Lock& lock, const BuildBase& base) {
    ENVPACK_CHECK(check_lock_target(lock, base.inventory, "the base"));
    if (!lock.origin) {
        return {};
    }
    const auto is_meant = [&](const env::FrozenPackage& present) {
        return std::any_of(lock.origin->replaced.begin(), lock.origin->replaced.end(),
                           [&](const env::ProvidedPackage& replaced) {
                               return replaced.name == present.name &&
                                      replaced.version == installed_version(present);
                           });
    };
    for (const env::LockedPackage& package : lock.packages) {
        if (const env::FrozenPackage* present = base.inventory.find(package.name);
            present != nullptr && !is_meant(*present) &&
            (!package.version || present->version != package.version)) {
            return fail(unfit(fmt::format("the lock would change {} of the base ({})",
                                          package.name.str(), installed_version(*present))));
        }
    }
    return {};
}

}  // namespace envpack::pipeline
