#include "envpack/pipeline/resolve.hpp"

#include "cuda_base.hpp"
#include "cuda_packages.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/text.hpp"
#include "envpack/env/installed_dependencies.hpp"
#include "envpack/env/provider_inventory.hpp"
#include "envpack/env/replaced_packages.hpp"
#include "envpack/env/target_environment.hpp"
#include "envpack/pipeline/freeze.hpp"
#include "envpack/pipeline/source.hpp"
#include "envpack/resolver/solver.hpp"
#include "request.hpp"
#include "request_places.hpp"
#include "source_index.hpp"
#include "torch_index.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;

/// The environment that the lock is for: the base, or the bare Python in use. With the CUDA of the
/// base where that decides.
Result<CudaBase> target_of(const ResolveOptions& options, const UserConfig& user,
                           const RunContext& run) {
    if (options.base) {
        ENVPACK_TRY(const Source source, Source::parse(*options.base));
        if (source.kind == Source::Kind::freeze_text) {
            return fail(
                Error(ErrorCode::invalid_argument,
                      fmt::format("`{}` does not say for which Python and platform", *options.base))
                    .with_hint("name the base itself, or give the file with -c"));
        }
        if (options.cuda.is_given() && options.cuda.cuda != "cpu") {
            return read_cuda_base({.source = *options.base, .python = options.python}, user, run);
        }
        CudaBase base;
        ENVPACK_TRY(base.inventory,
                    freeze({.source = *options.base, .python = options.python}, user, run));
        return base;
    }
    CudaBase target;
    ENVPACK_TRY(
        target.inventory,
        freeze({.source = ".", .python = options.python, .detail = env::InventoryDetail::none},
               user, run));
    target.inventory.source.clear();
    return target;
}

Result<env::ProviderOptions> provider_options(const ResolveOptions& options, const Request& request,
                                              const env::Inventory& base, bool pre,
                                              const RunContext& run) {
    ENVPACK_TRY(const packaging::TagTarget target, env::tag_target(base.python));
    ENVPACK_TRY(packaging::Version version, packaging::Version::parse(base.python.full_version));
    env::ProviderOptions policy{.environment = env::marker_environment(base.python),
                                .tags = packaging::supported_tags(target),
                                .python_version = std::move(version),
                                .base_dependencies = options.base_dependencies,
                                .formats = request.formats,
                                .allow_sdists = !options.no_build,
                                .prereleases = pre,
                                .no_dependencies = options.no_dependencies,
                                .hashes = request.hashes};
    for (const std::string& text : options.unfreeze) {
        ENVPACK_TRY(packaging::PackageName name, packaging::PackageName::parse(text));
        if (const env::FrozenPackage* package = base.find(name); package == nullptr) {
            run.note(fmt::format("--unfreeze {}: the base has no such package", name.str()));
        } else if (package->is_unremovable()) {
            run.note(
                fmt::format("--unfreeze {}: the package is {}, which cannot be replaced; "
                            "--shadow {} puts another one before it",
                            name.str(), package->installer == "debian" ? "Debian's" : "distutils'",
                            name.str()));
        }
        policy.unfrozen.insert(std::move(name));
    }
    for (const std::string& text : options.shadow) {
        ENVPACK_TRY(packaging::PackageName name, packaging::PackageName::parse(text));
        if (base.find(name) == nullptr) {
            run.note(fmt::format("--shadow {}: the base has no such package", name.str()));
        }
        policy.shadowed.insert(std::move(name));
    }
    for (const std::string& text : options.relax) {
        ENVPACK_TRY(env::Relaxation relaxation, env::Relaxation::parse(text));
        policy.relaxed.push_back(std::move(relaxation));
    }
    if (!options.exclude_newer.empty()) {
        ENVPACK_TRY(policy.exclude_newer, parse_date_or_time(options.exclude_newer));
    }
    return policy;
}

/// The target's own program where it can be started here: not of an image.
Result<fs::path> program_on_this_machine(const ResolveOptions& options,
                                         const env::Inventory& base) {
    ENVPACK_TRY(const Source source, Source::parse(options.base.value_or(".")));
    return source.kind == Source::Kind::python && !base.python.invoked.is_root()
               ? fs::path("/") / base.python.invoked.str()
               : fs::path();
}

/// Of what may be built in hash mode; a digest says it all, whatever name it belongs to.
std::optional<std::set<Digest>> hashes_of(const Request& request) {
    if (!request.hash_mode) {
        return std::nullopt;
    }
    std::set<Digest> all;
    for (const auto& [name, digests] : request.hashes) {
        all.insert(digests.begin(), digests.end());
    }
    return all;
}

/// What the base provides to this request.
Result<std::vector<env::Provided>> provided_by(const env::Inventory& base,
                                               const ResolveOptions& options,
                                               const RunContext& run) {
    std::vector<env::Provided> all = env::provided_from(base, "base");
    for (const std::string& text : options.treat_as_release) {
        ENVPACK_TRY(const packaging::PackageName name, packaging::PackageName::parse(text));
        const auto found = std::find_if(all.begin(), all.end(),
                                        [&](const env::Provided& one) { return one.name == name; });
        if (found == all.end()) {
            run.note(fmt::format("--treat-as-release {}: the base has no such package", text));
        } else if (!env::treat_as_release(*found)) {
            run.note(fmt::format("--treat-as-release {}: {} is no pre-release", text,
                                 found->shown_version()));
        } else {
            run.note(
                fmt::format("the base's {} {} counts as {}: install with --no-deps; pip check "
                            "will complain",
                            name.str(), found->shown_version(), found->version->to_string()));
        }
    }
    return all;
}

env::LockedPackage locked(const env::Selected& chosen) {
    env::LockedPackage package{.name = chosen.name,
                               .version = chosen.version,
                               .requires_python = chosen.requires_python,
                               .dependencies = chosen.dependencies,
                               .uses_provided = chosen.uses_provided,
                               .index = chosen.index_url};
    env::LockedFile file{.name = chosen.file.filename,
                         .url = chosen.file.url,
                         .size = chosen.file.size,
                         .upload_time = chosen.file.upload_time.value_or("")};
    file.sha256 = chosen.file.sha256.value_or(Digest());
    if (chosen.is_sdist) {
        package.sdist = std::move(file);
    } else {
        package.wheels.push_back(std::move(file));
    }
    return package;
}

/// The same for a package that was asked for by place.
env::LockedPackage locked(const env::Selected& chosen, env::LockedPackage place) {
    place.requires_python = chosen.requires_python;
    place.dependencies = chosen.dependencies;
    place.uses_provided = chosen.uses_provided;
    return place;
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
                            const Request& request, const PlaceIndex& places,
                            const index::PackageIndex& index, const RunContext& run) {
    env::Lock lock{.requires_python = fmt::format("=={}.*", base.python.short_version())};
    lock.environments = {
        fmt::format("python_version == '{}' and sys_platform == 'linux' and "
                    "platform_machine == '{}'",
                    base.python.short_version(), base.python.machine)};
    for (env::Selected& chosen : selection.packages) {
        if (places.has(chosen.file)) {
            lock.packages.push_back(locked(chosen, places.find(chosen.name)->locked));
            continue;
        }
        ENVPACK_CHECK(complete_hash(chosen, index, run));
        if (const auto expected = request.hashes.find(chosen.name);
            expected != request.hashes.end() && !expected->second.contains(*chosen.file.sha256)) {
            return fail(Error(ErrorCode::digest_mismatch,
                              fmt::format("{} has sha256 {}, which the request does not allow",
                                          chosen.file.filename, chosen.file.sha256->hex()))
                            .with_rule("resolve.hashes"));
        }
        lock.packages.push_back(locked(chosen));
    }
    env::LockOrigin origin{.base = base.source,
                           .base_digest = base.source_digest,
                           .python = base.python.full_version,
                           .implementation = base.python.implementation,
                           .machine = base.python.machine,
                           .libc = base.python.libc.to_string(),
                           .requirements = request.texts};
    std::sort(origin.requirements.begin(), origin.requirements.end());
    for (const packaging::PackageName& name : selection.provided) {
        const env::FrozenPackage* package = base.find(name);
        origin.provided.push_back(
            {.name = name,
             .version = package->version ? package->version->to_string() : package->raw_version});
    }
    for (const env::Relaxed& relaxed : selection.relaxed) {
        origin.relaxed.push_back(
            {.name = relaxed.name, .pin = relaxed.pin, .because = relaxed.because});
    }
    lock.origin = std::move(origin);
    return lock;
}

/// The way out of a request that only the versions of several indexes together fulfil.
Result<std::vector<env::WayOut>> all_indexes_together(
    const Request& request, env::PackageProvider& provider,
    const std::shared_ptr<const SourceBuilder>& builder,
    const std::shared_ptr<const PlaceIndex>& places, const UserConfig& user,
    const RunContext& run) {
    IndexOptions together = request.indexes;
    together.strategy = index::IndexStrategy::merged;
    ENVPACK_TRY(const UserIndexes indexes, open_user_indexes(together, user, run));
    const SourceIndex sources(indexes.index, builder, places, hashes_of(request));
    env::PackageProvider other(sources, provider.options(),
                               {provider.provided().begin(), provider.provided().end()}, run);
    // An index that is asked for more than before may fail for reasons of its own.
    ENVPACK_TRY(const auto resolution, env::solve_if_possible(other, request.requirements, run));
    if (!resolution) {
        return std::vector<env::WayOut>();
    }
    ENVPACK_TRY(const env::Selection selection, other.selection(*resolution));
    std::string elsewhere;
    for (const env::Selected& package : selection.packages) {
        ENVPACK_TRY(const auto here, provider.versions(package.name));
        if (!std::ranges::binary_search(here, package.version)) {
            elsewhere +=
                fmt::format("{} {} {} is on {}", elsewhere.empty() ? ":" : ",", package.name.str(),
                            package.version.to_string(), package.index_url);
        }
    }
    return std::vector<env::WayOut>{
        {"index-strategy",
         "look for each version on all indexes, not only on the first that has the name" +
             elsewhere,
         "envpack resolve … --index-strategy unsafe-best-match"}};
}

std::string text_of(const env::HeldBack& package) {
    return fmt::format("{} is held back at {} instead of {}: {}", package.name.str(),
                       package.chosen.to_string(), package.instead.to_string(), package.by);
}

/// --fail-on-downgrade: the same facts as an answer of their own.
env::Explanation downgraded(const std::vector<env::HeldBack>& packages) {
    env::Explanation explanation{.headline = "pins hold packages back"};
    explanation.text = explanation.headline + "\n\n";
    for (const env::HeldBack& package : packages) {
        explanation.causes.push_back({std::string(to_string(env::AbsenceKind::constraint_forces)),
                                      std::string(package.name.str()), "", text_of(package)});
        explanation.text += "  " + text_of(package) + "\n";
    }
    return explanation;
}

/// In hash mode nothing may be installed that the request has no hash for.
Result<void> check_hash_mode(const env::Selection& selection, const Request& request,
                             const PlaceIndex& places) {
    std::vector<std::string> missing;
    for (const env::Selected& chosen : selection.packages) {
        if (!request.hashes.contains(chosen.name) && !places.has(chosen.file)) {
            missing.push_back(fmt::format("{}=={}", chosen.name.str(), chosen.version.to_string()));
        }
    }
    if (missing.empty()) {
        return {};
    }
    return fail(
        Error(ErrorCode::invalid_argument,
              fmt::format("in hash mode, every package needs a hash; without one: {}",
                          text::join(missing, ", ")))
            .with_rule("resolve.hashes")
            .with_hint("add these lines with their hashes, or leave hashes out altogether"));
}

}  // namespace

Result<ResolveOutcome> resolve(const ResolveOptions& options, const UserConfig& user,
                               const RunContext& run) {
    ENVPACK_TRY(const index::PipConfig pip, read_user_pip_config(user));
    ENVPACK_TRY(Request request, read_request(options, user, pip.constraints));
    ENVPACK_TRY(const CudaBase target, target_of(options, user, run));
    const env::Inventory& base = target.inventory;
    ENVPACK_CHECK(keep_for(env::marker_environment(base.python), request));
    // What the base already breaks is a fact, never enforced (rule R6), and said.
    // A requirement that is missing may be left out on purpose (rule R7).
    for (const env::Problem& broken : env::check_dependencies(base)) {
        if (broken.kind == "unfulfilled-requirement") {
            run.note("the base is not consistent in itself: " + broken.text);
        }
    }
    ENVPACK_TRY(TorchIndexChoice torch, pin_torch_index(options, target, request, user, run));
    if (torch.conflict && torch.is_named) {
        return *std::move(torch.conflict);
    }
    ENVPACK_TRY(CudaPackages packages,
                choose_cuda_packages(options, target, torch, request, user, run));
    if (packages.conflict) {
        return *std::move(packages.conflict);
    }
    ENVPACK_TRY(const UserIndexes indexes, open_user_indexes(request.indexes, user, run));
    ENVPACK_TRY(env::ProviderOptions policy,
                provider_options(options, request, base, request.pre || pip.pre, run));

    ENVPACK_TRY(fs::path target_python, program_on_this_machine(options, base));
    const auto builder =
        std::make_shared<const SourceBuilder>(base.python, policy.tags, std::move(target_python),
                                              request.indexes, user, !options.no_build);
    const DirectServices services{.builder = builder.get(),
                                  .network = indexes.services,
                                  .lock_folder = options.lock_folder,
                                  .require_hashes = request.hash_mode};
    ENVPACK_TRY(RequestPlaces found, open_places(request, base, policy, services, run));
    const auto places = std::make_shared<const PlaceIndex>(std::move(found.opened),
                                                           std::move(found.constrained), services);
    policy.places = places.get();
    const SourceIndex sources(indexes.index, builder, places, hashes_of(request));

    ENVPACK_TRY(std::vector<env::Provided> provided, provided_by(base, options, run));
    env::PackageProvider provider(sources, std::move(policy), std::move(provided), run);
    ENVPACK_TRY(const auto roots, provider.roots(request.requirements));
    ENVPACK_TRY(resolver::Outcome outcome, resolver::solve(provider, roots, run));
    if (const auto* conflict = std::get_if<resolver::Conflict>(&outcome)) {
        env::ExplainOptions how;
        if (indexes.order.size() > 1 &&
            request.indexes.strategy == index::IndexStrategy::first_index) {
            ENVPACK_TRY(how.further,
                        all_indexes_together(request, provider, builder, places, user, run));
        }
        ENVPACK_TRY(env::Explanation explanation,
                    env::explain(*conflict, provider, request.requirements, how, run));
        return explanation;
    }
    const auto& resolution = std::get<resolver::Resolution>(outcome);
    ENVPACK_CHECK(provider.verify(resolution, request.requirements));
    ENVPACK_TRY(env::Selection selection, provider.selection(resolution));
    if (torch.conflict) {
        ENVPACK_TRY(const bool is_needed, chooses_torch_family(selection, *places));
        if (is_needed) {
            return *std::move(torch.conflict);
        }
        run.note(torch.conflict->headline);
    }
    ENVPACK_TRY(auto misplaced,
                judge_cuda_packages(packages, selection, base, *places, provider, run));
    if (misplaced) {
        return *std::move(misplaced);
    }
    for (const std::string& note : provider.notes()) {
        run.note(note);
    }
    const auto replaced = env::replaced_packages(provider, resolution);
    for (const env::ReplacedPackage& package : replaced) {
        run.note(package.to_string());
    }
    for (const std::string& note : env::abi_notes(selection, provider.provided())) {
        run.note(note);
    }
    ENVPACK_TRY(const std::vector<std::string> misfits, family_notes(selection, base));
    for (const std::string& note : misfits) {
        run.note(note);
    }
    ENVPACK_TRY(const auto held_back, provider.held_back(resolution, request.requirements));
    if (options.fail_on_downgrade && !held_back.empty()) {
        return downgraded(held_back);
    }
    for (const env::HeldBack& package : held_back) {
        run.note(text_of(package));
    }
    if (request.hash_mode) {
        ENVPACK_CHECK(check_hash_mode(selection, request, *places));
    }
    const std::optional<UnixTime> exclude_newer = provider.options().exclude_newer;
    ENVPACK_TRY(env::Lock lock,
                lock_from(std::move(selection), base, request, *places, sources, run));
    for (const env::HeldBack& package : held_back) {
        lock.origin->forced.push_back({.name = package.name,
                                       .from = package.instead.to_string(),
                                       .to = package.chosen.to_string(),
                                       .by = package.by});
    }
    for (const env::ReplacedPackage& package : replaced) {
        lock.origin->replaced.push_back({.name = package.name, .version = package.from});
    }
    for (const packaging::PackageName& name : provider.options().shadowed) {
        if (base.find(name) != nullptr) {
            lock.origin->shadowed.push_back(name);
        }
    }
    lock.origin->torch_index = std::move(torch.index);
    lock.origin->cuda_packages = std::move(packages.locked);
    if (exclude_newer) {
        lock.origin->exclude_newer = format_rfc3339(*exclude_newer);
    }
    return lock;
}

}  // namespace envpack::pipeline
