#include "envpack/env/inventory_record.hpp"

#include "record_fields.hpp"

#include <utility>

namespace envpack::env {
namespace {

// Every struct is an array of its members in their order. They are taken apart by name, so that a
// new member does not compile until it is written here, and then fails the test until it is read.

json::Value encode(const Libc& libc) {
    const auto& [name, major, minor] = libc;
    return record(name, major, minor);
}

Result<Libc> decode_libc(Fields& fields) {
    Libc libc;
    ENVPACK_CHECK(fields.read(libc.name, libc.major, libc.minor));
    return libc;
}

json::Value encode(const Interpreter& python) {
    const auto& [invoked, executable, prefix, base_prefix, has_base, implementation, major, minor,
                 full_version, abi_flags, is_venv, system_site_packages, machine, libc] = python;
    return record(invoked, executable, prefix, base_prefix, has_base, implementation, major, minor,
                  full_version, abi_flags, is_venv, system_site_packages, machine, encode(libc));
}

Result<Interpreter> decode_python(Fields& fields) {
    Interpreter python;
    ENVPACK_CHECK(fields.read(python.invoked, python.executable, python.prefix, python.base_prefix,
                              python.has_base, python.implementation, python.major, python.minor,
                              python.full_version, python.abi_flags, python.is_venv,
                              python.system_site_packages, python.machine));
    ENVPACK_TRY(python.libc, fields.next(decode_libc));
    return python;
}

json::Value encode(const ShadowedPackage& shadowed) {
    const auto& [raw_version, location, layer] = shadowed;
    return record(raw_version, location, layer);
}

Result<ShadowedPackage> decode_shadowed(Fields& fields) {
    ShadowedPackage shadowed;
    ENVPACK_CHECK(fields.read(shadowed.raw_version, shadowed.location, shadowed.layer));
    return shadowed;
}

json::Value encode(const Skipped& skipped) {
    const auto& [name, raw_version, reason, path] = skipped;
    return record(name, raw_version, reason, path);
}

Result<Skipped> decode_skipped(Fields& fields) {
    Skipped skipped;
    ENVPACK_CHECK(fields.read(skipped.name, skipped.raw_version, skipped.reason, skipped.path));
    return skipped;
}

json::Value encode(const Problem& problem) {
    const auto& [kind, text] = problem;
    return record(kind, text);
}

Result<Problem> decode_problem(Fields& fields) {
    Problem problem;
    ENVPACK_CHECK(fields.read(problem.kind, problem.text));
    return problem;
}

json::Value encode(const LeftOut& item) {
    const auto& [name, raw_version, reason] = item;
    return record(name, raw_version, reason);
}

Result<LeftOut> decode_left_out(Fields& fields) {
    LeftOut item;
    ENVPACK_CHECK(fields.read(item.name, item.raw_version, item.reason));
    return item;
}

json::Value encode(const ConstraintFile::Further& further) {
    const auto& [name, line] = further;
    return record(name, line);
}

Result<ConstraintFile::Further> decode_further(Fields& fields) {
    ENVPACK_TRY(packaging::PackageName name, fields.next<packaging::PackageName>());
    ConstraintFile::Further further{.name = std::move(name), .line = {}};
    ENVPACK_CHECK(fields.read(further.line));
    return further;
}

json::Value encode(const ConstraintFile::Difference& difference) {
    const auto& [name, installed, line] = difference;
    return record(name, installed, line);
}

Result<ConstraintFile::Difference> decode_difference(Fields& fields) {
    ENVPACK_TRY(packaging::PackageName name, fields.next<packaging::PackageName>());
    ConstraintFile::Difference difference{.name = std::move(name), .installed = {}, .line = {}};
    ENVPACK_CHECK(fields.read(difference.installed, difference.line));
    return difference;
}

json::Value encode(const ConstraintFile& file) {
    const auto& [path, origin, same, only_in_file, only_installed, different] = file;
    return record(path, origin, same,
                  list_of(only_in_file, [](const ConstraintFile::Further& f) { return encode(f); }),
                  only_installed, list_of(different, [](const ConstraintFile::Difference& d) {
                      return encode(d);
                  }));
}

Result<ConstraintFile> decode_constraint_file(Fields& fields) {
    ConstraintFile file;
    ENVPACK_CHECK(fields.read(file.path, file.origin, file.same));
    ENVPACK_CHECK(fields.read_list(file.only_in_file, decode_further));
    ENVPACK_CHECK(fields.read(file.only_installed));
    ENVPACK_CHECK(fields.read_list(file.different, decode_difference));
    return file;
}

json::Value encode(const StartupHook& hook) {
    const auto& [kind, path] = hook;
    return record(kind, path);
}

Result<StartupHook> decode_startup_hook(Fields& fields) {
    StartupHook hook;
    ENVPACK_CHECK(fields.read(hook.kind, hook.path));
    return hook;
}

json::Value encode(const FrozenPackage& package) {
    const auto& [name, raw_name, raw_version, version, form, location, layer, installer, direct_url,
                 checkout, editable, metadata_version, conda_build, debian_package, requires_dist,
                 requires_python, provides_extra, license_expression, sboms, shadowed, flags] =
        package;
    return record(name, raw_name, raw_version, version, static_cast<std::size_t>(form), location,
                  layer, installer, direct_url, checkout, editable, metadata_version, conda_build,
                  debian_package, requires_dist, requires_python, provides_extra,
                  license_expression, sboms,
                  list_of(shadowed, [](const ShadowedPackage& s) { return encode(s); }), flags);
}

Result<FrozenPackage> decode_package(Fields& fields) {
    ENVPACK_TRY(packaging::PackageName name, fields.next<packaging::PackageName>());
    FrozenPackage package{.name = std::move(name)};
    std::size_t form = 0;
    ENVPACK_CHECK(fields.read(package.raw_name, package.raw_version, package.version, form,
                              package.location, package.layer, package.installer,
                              package.direct_url, package.checkout, package.editable,
                              package.metadata_version, package.conda_build, package.debian_package,
                              package.requires_dist, package.requires_python,
                              package.provides_extra, package.license_expression, package.sboms));
    package.form = static_cast<PackageForm>(form);
    ENVPACK_CHECK(fields.read_list(package.shadowed, decode_shadowed));
    ENVPACK_CHECK(fields.read(package.flags));
    return package;
}

Result<Inventory> decode_inventory(Fields& fields) {
    Inventory inventory;
    ENVPACK_CHECK(fields.read(inventory.source, inventory.source_digest));
    ENVPACK_TRY(inventory.python, fields.next(decode_python));
    ENVPACK_CHECK(fields.read(inventory.other_interpreters, inventory.search_path));
    ENVPACK_CHECK(fields.read_list(inventory.packages, decode_package));
    ENVPACK_CHECK(fields.read_list(inventory.skipped, decode_skipped));
    ENVPACK_CHECK(fields.read_list(inventory.problems, decode_problem));
    ENVPACK_CHECK(fields.read_list(inventory.dropped, decode_left_out));
    ENVPACK_CHECK(fields.read_list(inventory.constraint_files, decode_constraint_file));
    ENVPACK_CHECK(fields.read_list(inventory.startup_hooks, decode_startup_hook));
    return inventory;
}

}  // namespace

std::string to_record(const Inventory& inventory) {
    const auto& [source, source_digest, python, other_interpreters, search_path, packages, skipped,
                 problems, dropped, constraint_files, startup_hooks] = inventory;
    return json::to_canonical(
        record(source, source_digest, encode(python), other_interpreters, search_path,
               list_of(packages, [](const FrozenPackage& package) { return encode(package); }),
               list_of(skipped, [](const Skipped& item) { return encode(item); }),
               list_of(problems, [](const Problem& problem) { return encode(problem); }),
               list_of(dropped, [](const LeftOut& item) { return encode(item); }),
               list_of(constraint_files, [](const ConstraintFile& file) { return encode(file); }),
               list_of(startup_hooks, [](const StartupHook& hook) { return encode(hook); })));
}

Result<Inventory> parse_record(std::string_view text) {
    ENVPACK_TRY(const json::Value document, json::parse(text));
    return Fields::decode_all(document, decode_inventory);
}

}  // namespace envpack::env
