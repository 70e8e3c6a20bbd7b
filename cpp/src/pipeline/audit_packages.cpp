#include "audit_packages.hpp"

#include "audit_target.hpp"
#include "base_files.hpp"
#include "build_base.hpp"
#include "build_layers.hpp"
#include "build_plan.hpp"
#include "cuda_base.hpp"
#include "direct_source.hpp"
#include "envpack/archive/memory_tree.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/oci/append.hpp"
#include "envpack/packaging/wheel_filename.hpp"
#include "locked_wheels.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view wheel_suffix = ".whl";
constexpr std::string_view lock_suffix = ".toml";

/// Where a Python would be that nobody has; only the link of an environment names it.
constexpr std::string_view imagined_python = "usr/bin/python3";

/// What is to be looked at, as a lock; files on this machine count from `folder`.
struct Request {
    env::Lock lock = {};
    fs::path folder = {};
    std::vector<packaging::WheelFilename> wheels = {};  ///< empty: they are of a real lock
};

Result<Request> request_of_wheels(const std::vector<std::string>& paths, const RunContext& run) {
    Request request;
    for (const std::string& text : paths) {
        if (!text.ends_with(wheel_suffix)) {
            return fail(Error(ErrorCode::invalid_argument,
                              fmt::format("`{}` is no wheel, and only wheels can be looked at "
                                          "together",
                                          text))
                            .with_hint("name one source, or X.whl, Y.whl …"));
        }
        ENVPACK_TRY(const fs::path path, absolute_path(text));
        ENVPACK_TRY(packaging::WheelFilename name,
                    packaging::WheelFilename::parse(path.filename().string()));
        ENVPACK_TRY(packaging::PackageName package, name.package_name());
        ENVPACK_TRY(const Digest sha256, digest_of_file(path, run));
        env::LockedPackage locked{.name = std::move(package), .version = name.version};
        locked.wheels.push_back(
            {.name = path.filename().string(), .path = path.string(), .sha256 = sha256});
        request.lock.packages.push_back(std::move(locked));
        request.wheels.push_back(std::move(name));
    }
    std::ranges::sort(request.lock.packages, {}, &env::LockedPackage::name);
    const auto same =
        std::ranges::adjacent_find(request.lock.packages, {}, &env::LockedPackage::name);
    if (same != request.lock.packages.end()) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("two wheels are of {}", same->name.str()));
    }
    return request;
}

Result<Request> request_of(const AuditOptions& options, const RunContext& run) {
    if (options.source.ends_with(wheel_suffix)) {
        std::vector<std::string> paths{options.source};
        paths.insert(paths.end(), options.more_wheels.begin(), options.more_wheels.end());
        return request_of_wheels(paths, run);
    }
    if (!options.more_wheels.empty()) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("`{}` is looked at alone, without `{}`", options.source,
                                options.more_wheels.front()));
    }
    constexpr Limits limits;
    const fs::path path = options.source;
    ENVPACK_TRY(const std::string text, read_file(path, limits.max_text));
    Request request{.folder = path.parent_path()};
    ENVPACK_TRY(request.lock, env::Lock::parse(text, limits));
    return request;
}

/// The image that is named, or that the lock was made for; empty where that was no image.
std::string base_of(const AuditOptions& options, const env::Lock& lock) {
    if (options.base) {
        return *options.base;
    }
    if (!lock.origin || lock.origin->base.empty()) {
        return {};
    }
    const auto source = Source::parse(lock.origin->base);
    return source && source->is_image() ? lock.origin->base : std::string();
}

/// The base with all that an audit reads of it: records of earlier builds have less.
Result<BuildBase> whole_base(const std::string& image, const BuildOptions& place,
                             const UserConfig& user, const RunContext& run) {
    ENVPACK_TRY(const Source source, source_of_base(image));
    ENVPACK_TRY(OpenSource open, open_source(source, audit_capture(), user, run));
    BuildBase base{.image = open.image,
                   .tree = open.tree,
                   .layers = open.layers,
                   .environment = open.environment};
    ENVPACK_TRY(base.inventory, with_context(inventory_of(source, open, std::nullopt,
                                                          env::InventoryDetail::pins, run),
                                             fmt::format("while reading base `{}`", image)));
    ENVPACK_TRY(base.place, place_for(place, *base.tree, &base.inventory.python));
    return base;
}

/// A base of nothing but a Python that has to be there.
Result<BuildBase> imagined_base(const Request& request, const BuildOptions& place,
                                const UserConfig& user, const RunContext& run) {
    BuildBase base{.tree = std::make_shared<archive::MemoryTree>()};
    env::Interpreter& python = base.inventory.python;
    ENVPACK_TRY(python, request.wheels.empty() ? target_of_lock(request.lock, user, run)
                                               : target_of_wheels(request.wheels));
    ENVPACK_TRY(const SafePath executable, SafePath::parse(imagined_python));
    python = {.executable = executable,
              .prefix = executable.parent().parent(),
              .base_prefix = executable.parent().parent(),
              .major = python.major,
              .minor = python.minor,
              .full_version = python.full_version,
              .abi_flags = python.abi_flags,
              .machine = python.machine,
              .libc = python.libc};
    ENVPACK_TRY(base.place, place_for(place, *base.tree, &python));
    return base;
}

/// The installed packages, of the base and new ones, as if the image were there.
Result<env::Inventory> inventory_on(const BuildBase& base, const archive::PlannedTree& tree,
                                    const RunContext& run) {
    env::InventoryOptions options{.environment = base.environment,
                                  .detail = env::InventoryDetail::sources};
    if (base.image != nullptr) {
        if (base.place.is_environment) {
            options.python = base.place.prefix;
        }
        return env::take_inventory(tree, options, run);
    }
    std::vector<env::SitePath> folders;
    for (const SafePath& path : {base.place.scheme.purelib, base.place.scheme.platlib}) {
        ENVPACK_TRY(const auto info, tree.lookup(path));
        if (info && (folders.empty() || folders.front().path != path)) {
            ENVPACK_TRY(std::vector<std::string> names, tree.list(path));
            folders.push_back({.path = path, .names = std::move(names)});
        }
    }
    ENVPACK_TRY(env::Inventory inventory,
                env::scan_site_paths(tree, std::move(folders), options, run));
    inventory.python = base.inventory.python;
    return inventory;
}

/// What of the answer rests on nothing that was read.
std::vector<std::string> assumptions_of(const Request& request, const BuildBase& base,
                                        const std::string& image) {
    const BuildPlace& place = base.place;
    std::vector<std::string> lines;
    if (!image.empty()) {
        lines.push_back(fmt::format("the packages are put onto {} below /{}, as `build` does",
                                    image, place.scheme.purelib.str()));
        return lines;
    }
    const env::Interpreter& python = base.inventory.python;
    lines.push_back(fmt::format("Python {} on {}, with the packages below /{}",
                                python.short_version(), python.machine,
                                place.scheme.purelib.str()));
    lines.emplace_back(
        "no base image: the C library and what else manylinux lets wheels count on (libstdc++, "
        "libgcc_s, libz, libGL, …) are there, as new as the tags of the wheels ask");
    if (request.lock.origin && !request.lock.origin->provided.empty()) {
        lines.push_back(
            fmt::format("{} packages of `{}` that the lock counts on were not looked "
                        "at",
                        request.lock.origin->provided.size(), request.lock.origin->base));
    }
    return lines;
}

/// Puts the packages where build() puts them.
Result<LayerStack> stack_of(const Request& request, const BuildBase& base,
                            const AuditOptions& options, const UserConfig& user,
                            const RunContext& run) {
    const env::Lock& lock = request.lock;
    if (base.image != nullptr) {
        ENVPACK_CHECK(check_lock_fits(lock, base));
    }
    ENVPACK_TRY(std::shared_ptr<const LockSources> sources,
                LockSources::open(lock, base.inventory.python, options.indexes, options.no_build,
                                  user, run));
    ENVPACK_TRY(BuildPlan plan, plan_from_lock(lock, request.folder, base, std::move(sources),
                                               BuildRecords(), run));
    if (base.image != nullptr) {
        ENVPACK_CHECK(check_base_files(plan, base, lock, user, run));
    }
    ENVPACK_TRY(std::vector<PlannedFiles> layers, layers_of(std::move(plan), oci::max_layers));
    LayerStack stack(base);
    ENVPACK_CHECK(stack.add_packages(std::move(layers)));
    return stack;
}

}  // namespace

bool are_packages(std::string_view source) {
    return source.ends_with(wheel_suffix) || source.ends_with(lock_suffix);
}

Result<AuditSubject> read_packages(const AuditOptions& options, const UserConfig& user,
                                   const RunContext& run) {
    if (options.python) {
        return fail(Error(ErrorCode::invalid_argument, "--python is for what is installed already")
                        .with_hint("wheels are looked at for the Python of --base"));
    }
    ENVPACK_TRY(const Request request, request_of(options, run));
    const std::string image = base_of(options, request.lock);
    const BuildOptions place{
        .input = options.source, .layout = options.layout, .prefix = options.prefix};
    ENVPACK_TRY(const BuildBase base, image.empty() ? imagined_base(request, place, user, run)
                                                    : whole_base(image, place, user, run));
    ENVPACK_TRY(const LayerStack stack, stack_of(request, base, options, user, run));

    auto tree = std::make_shared<archive::PlannedTree>(base.tree);
    for (const PlacedLayer& layer : stack.layers()) {
        tree->add(layer.entries);
    }
    AuditSubject subject;
    subject.is_without_base = image.empty();
    subject.assumptions = assumptions_of(request, base, image);
    // Neither is a tree of this machine.
    subject.source.kind = image.empty() ? Source::Kind::root_file_system : Source::Kind::oci_layout;
    subject.open = {
        .tree = tree, .environment = base.environment, .image = base.image, .layers = base.layers};
    ENVPACK_TRY(subject.inventory, inventory_on(base, *tree, run));
    ENVPACK_TRY(subject.owners, env::FileOwners::read(*tree, subject.inventory, run));
    const fs::path scratch = user.cache_directory() / "scratch";
    if (!image.empty()) {
        // No package hides a file of the base: oci::place_onto().
        ENVPACK_TRY(subject.binaries, binaries_of_image(subject.open, scratch, run));
    }
    for (const PlacedLayer& layer : stack.layers()) {
        ENVPACK_TRY(std::vector<Binary> found, binaries_of_plan(layer.entries, scratch, run));
        std::ranges::move(found, std::back_inserter(subject.binaries));
    }
    std::ranges::sort(subject.binaries, {}, &Binary::path);
    return subject;
}

}  // namespace envpack::pipeline
