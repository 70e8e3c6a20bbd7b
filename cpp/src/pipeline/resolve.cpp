#include "envpack/pipeline/resolve.hpp"

#include "cuda_base.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/text.hpp"
#include "envpack/env/installed_dependencies.hpp"
#include "envpack/env/provider_inventory.hpp"
#include "envpack/env/target_environment.hpp"
#include "envpack/pipeline/freeze.hpp"
#include "envpack/pipeline/source.hpp"
#include "envpack/resolver/solver.hpp"
#include "request.hpp"
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
        if (options.cuda.is_given() && options.cuda.is_auto()) {
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
                                .constraints = request.constraints,
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
        } else if (package->has_flag("unremovable")) {
            run.note(fmt::format("--unfreeze {}: the package is {}, which cannot be replaced",
                                 name.str(),
                                 package->installer == "debian" ? "Debian's" : "distutils'"));
        }
        policy.unfrozen.insert(std::move(name));
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

/// What is asked for by place, opened; joins the requirements by name.
Result<DirectSources> open_places(Request& request, const DirectServices& services,
                                  const RunContext& run) {
    DirectSources places;
    for (const packaging::RequirementLine& line : request.places) {
        ENVPACK_TRY(DirectSource source,
                    with_context(open_direct(line, services, run),
                                 fmt::format("while opening `{}` ({})", line.text, line.origin())));
        const packaging::PackageName name = source.locked.name;
        packaging::Requirement requirement{.name = name, .extras = line.extras};
        requirement.marker = line.marker;
        if (line.requirement) {
            requirement.extras = line.requirement->extras;
            requirement.marker = line.requirement->marker;
        }
        // Its version is a demand like any other: of a package that the base provides, too.
        ENVPACK_TRY(requirement.specifiers,
                    packaging::SpecifierSet::parse("===" + source.locked.version->to_string()));
        request.requirements.push_back(
            {.requirement = std::move(requirement), .origin = line.origin()});
        if (const auto [other, is_new] = places.try_emplace(name, source);
            !is_new && other->second.url != source.url) {
            return fail(Error(ErrorCode::invalid_argument,
                              fmt::format("{} is asked for at two places, `{}` and `{}`",
                                          name.str(), text::redact_url(other->second.url),
                                          text::redact_url(source.url)))
                            .with_rule("resolve.direct"));
        }
    }
    return places;
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
                            const Request& request, const DirectSources& places,
                            const index::PackageIndex& index, const RunContext& run) {
    env::Lock lock{.requires_python = fmt::format("=={}.*", base.python.short_version())};
    lock.environments = {
        fmt::format("python_version == '{}' and sys_platform == 'linux' and "
                    "platform_machine == '{}'",
                    base.python.short_version(), base.python.machine)};
    for (env::Selected& chosen : selection.packages) {
        if (const auto place = places.find(chosen.name); place != places.end()) {
            lock.packages.push_back(locked(chosen, place->second.locked));
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
                             const DirectSources& places) {
    std::vector<std::string> missing;
    for (const env::Selected& chosen : selection.packages) {
        if (!request.hashes.contains(chosen.name) && !places.contains(chosen.name)) {
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
    ENVPACK_TRY(const UserIndexes indexes, open_user_indexes(request.indexes, user, run));
    ENVPACK_TRY(env::ProviderOptions policy,
                provider_options(options, request, base, request.pre || pip.pre, run));

    ENVPACK_TRY(fs::path target_python, program_on_this_machine(options, base));
    const auto builder =
        std::make_shared<const SourceBuilder>(base.python, policy.tags, std::move(target_python),
                                              request.indexes, user, !options.no_build);
    ENVPACK_TRY(const DirectSources places, open_places(request,
                                                        {.builder = builder.get(),
                                                         .network = indexes.services,
                                                         .lock_folder = options.lock_folder,
                                                         .require_hashes = request.hash_mode},
                                                        run));
    for (const auto& [name, place] : places) {
        policy.direct.emplace(name, place.url);
    }
    const SourceIndex sources(indexes.index, builder, places, hashes_of(request));

    env::PackageProvider provider(sources, std::move(policy), env::provided_from(base, "base"),
                                  run);
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
    if (torch.conflict) {
        ENVPACK_TRY(const bool is_needed, chooses_torch_family(selection, places));
        if (is_needed) {
            return *std::move(torch.conflict);
        }
        run.note(torch.conflict->headline);
    }
    for (const std::string& note : provider.notes()) {
        run.note(note);
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
        ENVPACK_CHECK(check_hash_mode(selection, request, places));
    }
    const std::optional<UnixTime> exclude_newer = provider.options().exclude_newer;
    ENVPACK_TRY(env::Lock lock,
                lock_from(std::move(selection), base, request, places, sources, run));
    for (const env::HeldBack& package : held_back) {
        lock.origin->forced.push_back({.name = package.name,
                                       .from = package.instead.to_string(),
                                       .to = package.chosen.to_string(),
                                       .by = package.by});
    }
    lock.origin->torch_index = std::move(torch.index);
    if (exclude_newer) {
        lock.origin->exclude_newer = format_rfc3339(*exclude_newer);
    }
    return lock;
}

}  // namespace envpack::pipeline
