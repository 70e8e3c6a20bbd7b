#include "build_image.hpp"

#include "base_files.hpp"
#include "build_base.hpp"
#include "build_layers.hpp"
#include "build_plan.hpp"
#include "envpack/base/file.hpp"
#include "envpack/oci/append.hpp"
#include "envpack/oci/as_oci.hpp"
#include "envpack/oci/make_layer.hpp"
#include "envpack/oci/with_config.hpp"
#include "envpack/pipeline/source.hpp"
#include "locked_wheels.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;

/// The PATH of a container whose image sets none (runc and docker: default PATH).
constexpr std::string_view engine_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What the input is, read as far as a build needs it.
struct Input {
    std::optional<env::Lock> lock = std::nullopt;  ///< none: a virtual environment
    std::string lock_text = {};
    std::string base;
};

Result<Input> with_base(Input input) {
    if (input.base.empty()) {
        return fail(Error(ErrorCode::invalid_argument, "no base image")
                        .with_hint("give --base oci:DIR[:TAG], oci-archive:FILE[:TAG] or "
                                   "docker-archive:FILE[:NAME]"));
    }
    return input;
}

Result<Input> read_input(const BuildOptions& options) {
    if (options.with_libs && options.add.empty()) {
        return fail(Error(ErrorCode::invalid_argument,
                          "--with-libs is for files of --add, and there are none"));
    }
    if (options.estargz && options.compression != archive::Compression::gzip) {
        return fail(Error(ErrorCode::invalid_argument,
                          fmt::format("eStargz is gzip, and the layers are to be `{}`",
                                      archive::to_string(options.compression)))
                        .with_rule("build.estargz-compression"));
    }
    if (options.input.empty()) {
        if (options.add.empty()) {
            return fail(Error(ErrorCode::invalid_argument, "there is nothing to build")
                            .with_hint("give a lock, a virtual environment, or --add SRC:DST"));
        }
        return with_base({.base = options.base.value_or("")});
    }
    std::error_code error;
    const fs::file_status status = fs::status(options.input, error);
    if (!fs::exists(status)) {
        return fail(
            Error(ErrorCode::not_found, fmt::format("`{}` does not exist", options.input.string()))
                .with_path(options.input.string()));
    }
    Input input{.base = options.base.value_or("")};
    if (!fs::is_directory(status)) {
        constexpr Limits limits;
        ENVPACK_TRY(input.lock_text, read_file(options.input, limits.max_text));
        ENVPACK_TRY(input.lock,
                    with_context(env::Lock::parse(input.lock_text, limits),
                                 fmt::format("while reading `{}`", options.input.string())));
        if (input.base.empty() && input.lock->origin) {
            input.base = input.lock->origin->base;
        }
    }
    return with_base(std::move(input));
}

Result<BuildPlan> plan_of(const BuildOptions& options, const Input& input, const BuildBase& base,
                          const BuildRecords& records, const UserConfig& user,
                          const RunContext& run) {
    if (options.input.empty()) {
        return BuildPlan{};
    }
    if (!input.lock) {
        return plan_from_venv(options, base, user, run);
    }
    if (!options.dedupe || !options.tests) {
        return fail(
            Error(ErrorCode::invalid_argument,
                  fmt::format("{} is for virtual environments, `{}` is a lock",
                              options.tests ? "--no-dedupe" : "--no-tests", options.input.string()))
                .with_rule("build.venv-option"));
    }
    ENVPACK_CHECK(check_lock_fits(*input.lock, base));
    ENVPACK_TRY(std::shared_ptr<const LockSources> sources,
                LockSources::open(*input.lock, base.inventory.python, options.indexes,
                                  options.no_build, user, run));
    ENVPACK_TRY(BuildPlan plan, plan_from_lock(*input.lock, options.input.parent_path(), base,
                                               std::move(sources), records, run));
    ENVPACK_CHECK(check_base_files(plan, base, *input.lock, user, run));
    return plan;
}

/// Without packages of its own an image has no say in what is installed later.
bool bakes_constraints(const BuildOptions& options) {
    return options.constraints && !options.input.empty();
}

/// image-spec annotations.md, "Pre-Defined Annotation Keys".
constexpr const char* created_annotation = "org.opencontainers.image.created";

/// Commands of the environment are found, and pip and uv know it.
void name_environment(const BuildBase& base, std::vector<oci::EnvChange>& changes) {
    const std::string prefix = "/" + base.place.prefix.str();
    const auto config = oci::config_of(*base.image);
    const auto path = config ? oci::env_value(*config, "PATH") : std::nullopt;
    if (path && !path->empty()) {
        changes.push_back(
            {.name = "PATH", .value = prefix + "/bin", .kind = oci::EnvChange::Kind::prepend});
    } else {
        changes.push_back({.name = "PATH", .value = fmt::format("{}/bin:{}", prefix, engine_path)});
    }
    changes.push_back({.name = "VIRTUAL_ENV", .value = prefix});
}

oci::ConfigChange config_change(const BuildOptions& options, const BuildBase& base,
                                UnixTime created) {
    const BuildPlace& place = base.place;
    oci::ConfigChange change{
        .user = options.user ? options.user : place.user,
        .working_dir = options.working_dir ? options.working_dir : place.workdir,
        .entrypoint = options.entrypoint,
        .cmd = options.cmd,
        .ports = options.ports,
        .volumes = options.volumes,
        .labels = {options.labels.begin(), options.labels.end()},
        .annotations = {options.annotations.begin(), options.annotations.end()},
        .created = created};
    change.annotations.emplace(created_annotation, format_rfc3339(created));
    if (place.is_environment && place.makes_environment) {
        name_environment(base, change.env);
    }
    if (options.layout == BuildLayout::app_root) {
        // As sclorg/s2i-base-container sets them. Without HOME it is `/` for a uid that
        // /etc/passwd does not name.
        change.env.push_back({.name = "APP_ROOT", .value = "/" + place.prefix.str()});
        change.env.push_back({.name = "HOME", .value = *place.workdir});
    }
    for (const char* const name : {"PIP_CONSTRAINT", "UV_CONSTRAINT"}) {
        if (bakes_constraints(options)) {
            change.env.push_back({.name = name, .value = std::string(baked_constraints_path)});
        }
    }
    for (const auto& [name, value] : options.env) {
        change.env.push_back({.name = name, .value = value});
    }
    return change;
}

/// Only the user knows it: a layout has no registry. What the base says of *its* base is not it.
std::optional<std::string> base_name(const BuildOptions& options) {
    const auto named = options.annotations.find("org.opencontainers.image.base.name");
    return named == options.annotations.end() ? std::nullopt : std::optional(named->second);
}

/// The layers of a build, and what they were made of.
struct MadeLayers {
    RecordedBuild build;
    std::vector<CopiedLibrary> libraries = {};
    std::vector<env::PackageOrigin> origins = {};
    env::Inventory inventory = {};  ///< of the image with them, where it is wanted
};

Result<MadeLayers> make_layers(const BuildOptions& options, const Input& input,
                               const BuildBase& base, const oci::Image& image,
                               const archive::LayerWriteOptions& writing, std::size_t budget,
                               const BuildStores& stores, const UserConfig& user,
                               const RunContext& run) {
    const BuildRecords& records = stores.records;
    const std::optional<Digest> key =
        input.lock && options.add.empty() && base.has_digest && records.is_kept()
            ? std::optional(
                  build_key(input.lock_text, oci::digest_of(*base.image), options, writing))
            : std::nullopt;
    if (key && !wants_materials(options)) {
        if (auto known = records.find_build(*key, run)) {
            return MadeLayers{.build = *std::move(known)};
        }
    }
    ENVPACK_TRY(BuildPlan plan, plan_of(options, input, base, records, user, run));
    MadeLayers made{.build = {.layers = {},
                              .notes = std::move(plan.notes),
                              .startup_hooks = std::move(plan.startup_hooks)},
                    .origins = std::move(plan.origins)};
    const bool is_fixed = plan.is_fixed;
    ENVPACK_TRY(std::vector<PlannedFiles> planned, layers_of(std::move(plan), budget));
    if (bakes_constraints(options)) {
        ENVPACK_TRY(const auto notes, bake_constraints(base, planned));
        made.build.notes.insert(made.build.notes.end(), notes.begin(), notes.end());
    }
    LayerStack stack(base);
    ENVPACK_CHECK(stack.add_packages(std::move(planned)));
    ENVPACK_TRY(const oci::ImageConfig config, oci::config_of(image));
    if (!options.add.empty()) {
        ENVPACK_TRY(const oci::ImageConfig of_base, oci::config_of(*base.image));
        ENVPACK_CHECK(stack.add_files(options, working_folder(options, base.place, of_base),
                                      environment_of(config), user, run));
    }
    made.libraries = std::move(stack.libraries);
    std::move(stack.notes.begin(), stack.notes.end(), std::back_inserter(made.build.notes));
    ENVPACK_TRY(made.build.layers,
                write_layers(stack.layers(), options.layout, writing, stores, run));
    if (!options.sbom.empty()) {
        ENVPACK_TRY(made.inventory, planned_inventory(base, stack.layers(), environment_of(config),
                                                      !input.lock && !options.input.empty(), run));
    }
    if (key && is_fixed) {
        records.keep_build(*key, made.build);
    }
    return made;
}

}  // namespace

Result<UnixTime> build_epoch(const UserConfig& user) {
    // 1980-01-01: the earliest time that every archive format can express, so files that travel on
    // in a zip keep it.
    constexpr UnixTime default_epoch = 315532800;
    ENVPACK_TRY(const std::optional<UnixTime> epoch, user.source_date_epoch());
    return epoch.value_or(default_epoch);
}

Result<BuiltImage> build_image(const BuildOptions& options, UnixTime created,
                               const BuildStores& stores, const UserConfig& user,
                               const RunContext& run) {
    ENVPACK_TRY(const Input input, read_input(options));
    ENVPACK_TRY(const BuildBase base, open_base(input.base, options, stores.records, user, run));

    const std::size_t below = base.image->layers().size();
    const std::size_t on_top = (options.add.empty() ? 0U : 1U) + (options.with_libs ? 1U : 0U);
    if (below + on_top >= oci::max_layers) {
        return fail(
            Error(ErrorCode::limit_exceeded,
                  fmt::format("the base has {} layers, engines stop at {}", below, oci::max_layers))
                .with_rule("oci.layer-count"));
    }
    // Before anything is fetched, so that what cannot be said of an image is found out at once.
    // Readers of layouts do not find Docker's own manifest types in them: hence as_oci().
    ENVPACK_TRY(oci::ImagePtr image, oci::as_oci(base.image));
    ENVPACK_TRY(image, oci::with_config(image, config_change(options, base, created)));
    const archive::LayerWriteOptions writing{
        .mtime = created, .compression = options.compression, .estargz = options.estargz};
    ENVPACK_TRY(MadeLayers made, make_layers(options, input, base, *image, writing,
                                             oci::max_layers - below - on_top, stores, user, run));

    BuiltImage built{.base_digest = oci::digest_of(*base.image),
                     .base_name = base_name(options),
                     .libraries = std::move(made.libraries),
                     .notes = std::move(made.build.notes),
                     .startup_hooks = std::move(made.build.startup_hooks)};
    std::vector<oci::Addendum> additions;
    for (RecordedLayer& layer : made.build.layers) {
        built.layers.push_back({.title = std::move(layer.title),
                                .digest = layer.layer->descriptor().digest,
                                .diff_id = layer.layer->diff_id(),
                                .size = layer.layer->descriptor().size});
        additions.push_back({.layer = std::move(layer.layer),
                             .created_by = std::move(layer.created_by),
                             .comment = std::move(layer.comment)});
    }
    ENVPACK_TRY(built.image, oci::append(image, additions,
                                         {.created = created,
                                          .base_name = built.base_name,
                                          .base_digest = built.base_digest}));
    if (wants_materials(options)) {
        built.materials.emplace(BuildMaterials{.created = created,
                                               .inventory = std::move(made.inventory),
                                               .base_media_type = base.image->media_type(),
                                               .layer_recipe = oci::layer_recipe(writing)});
        if (input.lock) {
            built.materials->lock = Digest::of(as_bytes(input.lock_text));
            if (input.lock->origin) {
                built.materials->requirements = input.lock->origin->requirements;
            }
        }
        ENVPACK_TRY(built.materials->origins, public_origins(std::move(made.origins), user, run));
        for (const oci::LayerPtr& layer : built.image->layers()) {
            built.materials->layers.push_back(layer->descriptor().digest);
        }
    }
    return built;
}

}  // namespace envpack::pipeline
