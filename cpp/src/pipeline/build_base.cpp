#include "build_base.hpp"

#include "envpack/env/loader_paths.hpp"
#include "envpack/env/system_owners.hpp"
#include "envpack/packaging/specifier_set.hpp"
#include "envpack/pipeline/source.hpp"

#include <algorithm>

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

}  // namespace

std::string BuildBase::interpreter() const {
    return "/" + inventory.python.executable.str();
}

Result<BuildBase> open_base(const std::string& base, const BuildOptions& options,
                            env::InventoryDetail detail, const UserConfig& user,
                            const RunContext& run) {
    ENVPACK_TRY(const Source source, Source::parse(base));
    if (!source.is_image()) {
        return fail(Error(ErrorCode::unsupported, fmt::format("base `{}` is no image", base))
                        .with_hint("name an image: --base oci:DIR[:TAG], oci-archive:FILE[:TAG] or "
                                   "docker-archive:FILE[:NAME]"));
    }
    const auto wanted = [of_inventory = env::inventory_filter(detail),
                         owners = detail == env::InventoryDetail::files](
                            const SafePath& path, const archive::FileInfo& info) {
        return of_inventory(path, info) || env::loader_paths_want(path, info) ||
               (owners && env::system_owners_want(path, info));
    };
    ENVPACK_TRY(OpenSource open, open_source(source, wanted, user, run));
    BuildBase result{.image = std::move(open.image),
                     .tree = std::move(open.tree),
                     .layers = std::move(open.layers),
                     .environment = std::move(open.environment)};
    Result<env::Inventory> inventory = env::take_inventory(
        *result.tree, {.source = source.text, .environment = result.environment, .detail = detail},
        run);
    if (inventory) {
        result.inventory = *std::move(inventory);
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
