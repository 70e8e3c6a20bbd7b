#include "envpack/pipeline/resolve.hpp"

#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/env/provider_inventory.hpp"
#include "envpack/env/target_environment.hpp"
#include "envpack/pipeline/freeze.hpp"
#include "envpack/pipeline/source.hpp"
#include "envpack/resolver/solver.hpp"
#include "request.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

/// The environment that the lock is for: the base, or the bare Python in use.
Result<env::Inventory> target_inventory(const ResolveOptions& options, const UserConfig& user,
                                        const RunContext& run) {
    if (options.base) {
        ENVPACK_TRY(const Source source, Source::parse(*options.base));
        if (source.kind == Source::Kind::freeze_text) {
            return fail(
                Error(ErrorCode::invalid_argument,
                      fmt::format("`{}` does not say for which Python and platform", *options.base))
                    .with_hint("name the base itself, or give the file with -c"));
        }
        return freeze({.source = *options.base, .python = options.python}, user, run);
    }
    ENVPACK_TRY(
        env::Inventory inventory,
        freeze({.source = ".", .python = options.python, .detail = env::InventoryDetail::pins},
               user, run));
    inventory.packages.clear();
    inventory.source.clear();
    return inventory;
}

Result<env::ProviderOptions> provider_options(const Request& request,
                                              const env::Interpreter& python, bool pre) {
    ENVPACK_TRY(const packaging::TagTarget target, env::tag_target(python));
    ENVPACK_TRY(packaging::Version version, packaging::Version::parse(python.full_version));
    return env::ProviderOptions{.environment = env::marker_environment(python),
                                .tags = packaging::supported_tags(target),
                                .python_version = std::move(version),
                                .constraints = request.constraints,
                                .formats = request.formats,
                                .prereleases = pre};
}

env::LockedPackage locked(const env::Selected& chosen) {
    env::LockedPackage package{.name = chosen.name,
                               .version = chosen.version,
                               .requires_python = chosen.requires_python,
                               .dependencies = chosen.dependencies,
                               .index = chosen.index_url};
    env::LockedFile file{.name = chosen.file.filename,
                         .url = chosen.file.url,
                         .size = chosen.file.size,
                         .upload_time = chosen.file.upload_time.value_or("")};
    file.sha256 = chosen.file.sha256.value_or(Digest());
    package.wheels.push_back(std::move(file));
    return package;
}

/// The hash that the index does not tell is taken from the file itself (PEP 751 wants one).
Result<void> complete_hash(env::Selected& chosen, const index::PackageIndex& index,
                           const RunContext& run) {
    if (chosen.file.sha256) {
        return {};
    }
    ENVPACK_TRY(const std::filesystem::path path, index.download(chosen.file, run));
    ENVPACK_TRY(FileSource source, FileSource::open(path));
    HashingSink hash;
    ENVPACK_CHECK(copy(source, hash, run));
    chosen.file.size = hash.count();
    chosen.file.sha256 = std::move(hash).digest();
    return {};
}

Result<env::Lock> lock_from(env::Selection selection, const env::Inventory& base,
                            const Request& request, const index::PackageIndex& index,
                            const RunContext& run) {
    env::Lock lock{.requires_python = fmt::format("=={}.*", base.python.short_version())};
    lock.environments = {
        fmt::format("python_version == '{}' and sys_platform == 'linux' and "
                    "platform_machine == '{}'",
                    base.python.short_version(), base.python.machine)};
    for (env::Selected& chosen : selection.packages) {
        ENVPACK_CHECK(complete_hash(chosen, index, run));
        lock.packages.push_back(locked(chosen));
    }
    env::LockOrigin origin{.base = base.source,
                           .base_digest = base.source_digest,
                           .python = base.python.full_version,
                           .implementation = base.python.implementation,
                           .machine = base.python.machine,
                           .libc = base.python.libc.to_string(),
                           .requirements = request.texts};
    for (const packaging::PackageName& name : selection.provided) {
        const env::FrozenPackage* package = base.find(name);
        origin.provided.push_back(
            {.name = name,
             .version = package->version ? package->version->to_string() : package->raw_version});
    }
    lock.origin = std::move(origin);
    return lock;
}

}  // namespace

Result<ResolveOutcome> resolve(const ResolveOptions& options, const UserConfig& user,
                               const RunContext& run) {
    ENVPACK_TRY(const index::PipConfig pip, read_user_pip_config(user));
    ENVPACK_TRY(const Request request, read_request(options, user, pip.constraints));
    ENVPACK_TRY(const env::Inventory base, target_inventory(options, user, run));
    ENVPACK_TRY(const UserIndexes indexes, open_user_indexes(request.indexes, user, run));
    ENVPACK_TRY(env::ProviderOptions policy,
                provider_options(request, base.python, request.pre || pip.pre));

    env::PackageProvider provider(*indexes.index, std::move(policy),
                                  env::provided_from(base, "base"), run);
    ENVPACK_TRY(const auto roots, provider.roots(request.requirements));
    ENVPACK_TRY(resolver::Outcome outcome, resolver::solve(provider, roots, run));
    if (const auto* conflict = std::get_if<resolver::Conflict>(&outcome)) {
        ENVPACK_TRY(env::Explanation explanation,
                    env::explain(*conflict, provider, request.requirements, {}, run));
        return explanation;
    }
    const auto& resolution = std::get<resolver::Resolution>(outcome);
    ENVPACK_CHECK(provider.verify(resolution, request.requirements));
    ENVPACK_TRY(env::Selection selection, provider.selection(resolution));
    for (const std::string& note : provider.notes()) {
        run.note(note);
    }
    ENVPACK_TRY(env::Lock lock,
                lock_from(std::move(selection), base, request, *indexes.index, run));
    return lock;
}

}  // namespace envpack::pipeline
