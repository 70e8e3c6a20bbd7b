#include "envpack/base/text.hpp"
#include "envpack/env/inventory_output.hpp"
#include "envpack/env/target_environment.hpp"
#include "package_source.hpp"

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

namespace envpack::env {
namespace {

using json::Array;
using json::Object;
using json::Value;

/// The tag of the wheels that an index would offer first.
Value best_tag_json(const Interpreter& python) {
    const auto target = tag_target(python);
    if (!target) {
        return {};
    }
    const std::vector<packaging::Tag> tags = packaging::supported_tags(*target);
    const auto best = std::find_if(tags.begin(), tags.end(), [](const packaging::Tag& tag) {
        return !tag.platform.starts_with("linux_");  // manylinux_…, musllinux_…: what indexes have
    });
    return best == tags.end() ? Value() : Value(best->to_string());
}

Value python_json(const Interpreter& python) {
    if (python.full_version.empty()) {
        return {};
    }
    const auto path = [](const SafePath& p) {
        return p.is_root() ? Value() : Value('/' + p.str());
    };
    return Object{
        {"implementation", python.implementation},
        {"version", python.full_version},
        {"executable", path(python.invoked)},
        {"prefix", '/' + python.prefix.str()},
        {"base_prefix", python.has_base ? Value('/' + python.base_prefix.str()) : Value()},
        {"venv", python.is_venv},
        {"machine", json::text_or_null(python.machine)},
        {"libc", json::text_or_null(python.libc.to_string())},
        {"tag", best_tag_json(python)}};
}

Value layer_json(const FrozenPackage& package) {
    return package.layer ? Value(static_cast<std::int64_t>(*package.layer)) : Value();
}

Value requires_json(const FrozenPackage& package, bool known) {
    if (!known || package.has_flag("no-metadata")) {
        return {};
    }
    Array requirements;
    for (const packaging::Requirement& requirement : package.requires_dist) {
        requirements.emplace_back(requirement.to_string());
    }
    return requirements;
}

Value package_json(const FrozenPackage& package, const packaging::Version& version) {
    Object object{{"name", package.name.str()},
                  {"raw_name", text::printable(package.raw_name, 4096)},
                  {"version", version.to_string()},
                  {"raw_version", text::printable(package.raw_version, 4096)},
                  {"form", to_string(package.form)},
                  {"path", json::text_or_null(package.location)},
                  {"layer", layer_json(package)},
                  {"installer", json::text_or_null(package.installer)},
                  {"editable", package.editable},
                  {"source", source_json(package)},
                  {"requires", requires_json(package, package.form != PackageForm::text)},
                  {"constraint", Pin{package.name, version}.to_string()}};
    if (!package.metadata_version.empty()) {
        object.emplace_back("metadata_version", text::printable(package.metadata_version));
    }
    if (!package.shadowed.empty()) {
        Array shadowed;
        for (const ShadowedPackage& other : package.shadowed) {
            shadowed.emplace_back(Object{{"version", text::printable(other.raw_version)},
                                         {"path", text::printable(other.location, 4096)}});
        }
        object.emplace_back("shadowed", std::move(shadowed));
    }
    object.emplace_back("flags", Array(package.flags.begin(), package.flags.end()));
    return object;
}

Value skipped_json(const std::string& name, const std::string& version, const std::string& reason,
                   const std::string& path, const std::string& installer,
                   const std::string& debian_package) {
    return Object{{"name", text::printable(name)},
                  {"raw_version", json::text_or_null(version)},
                  {"reason", reason},
                  {"path", json::text_or_null(path)},
                  {"installer", json::text_or_null(installer)},
                  {"debian_package", json::text_or_null(debian_package)}};
}

Array names_json(const std::vector<packaging::PackageName>& names) {
    Array array;
    for (const packaging::PackageName& name : names) {
        array.emplace_back(name.str());
    }
    return array;
}

Value constraint_file_json(const ConstraintFile& file) {
    Array only_in_file;
    for (const ConstraintFile::Further& further : file.only_in_file) {
        only_in_file.emplace_back(text::printable(further.line, 4096));
    }
    Array different;
    for (const ConstraintFile::Difference& difference : file.different) {
        different.emplace_back(Object{{"name", difference.name.str()},
                                      {"installed", text::printable(difference.installed)},
                                      {"line", text::printable(difference.line, 4096)}});
    }
    return Object{{"path", text::printable(file.path, 4096)},
                  {"origin", file.origin},
                  {"same", names_json(file.same)},
                  {"only_in_file", std::move(only_in_file)},
                  {"only_installed", names_json(file.only_installed)},
                  {"different", std::move(different)}};
}

}  // namespace

json::Value to_json(const Inventory& inventory) {
    Array other_interpreters;
    for (const SafePath& path : inventory.other_interpreters) {
        other_interpreters.emplace_back('/' + path.str());
    }
    Array search_path;
    for (const SafePath& path : inventory.search_path) {
        search_path.emplace_back('/' + path.str());
    }
    Array packages;
    Array skipped;
    for (const FrozenPackage& package : inventory.packages) {
        if (package.version) {
            packages.push_back(package_json(package, *package.version));
        } else {
            skipped.push_back(skipped_json(
                package.name.to_string(), package.raw_version,
                package.has_flag("unknown-version") ? "unknown-version" : "legacy-version",
                package.location, package.installer, package.debian_package));
        }
    }
    for (const Skipped& item : inventory.skipped) {
        skipped.push_back(
            skipped_json(item.name, item.raw_version, item.reason, item.path, "", ""));
    }
    Array dropped;
    for (const LeftOut& item : inventory.dropped) {
        dropped.emplace_back(Object{{"name", item.name},
                                    {"raw_version", json::text_or_null(item.raw_version)},
                                    {"reason", item.reason}});
    }
    Array constraint_files;
    for (const ConstraintFile& file : inventory.constraint_files) {
        constraint_files.push_back(constraint_file_json(file));
    }
    Array problems;
    for (const Problem& problem : inventory.problems) {
        problems.emplace_back(
            Object{{"kind", problem.kind}, {"text", text::printable(problem.text, 4096)}});
    }
    return Object{{"schema", inventory_schema},
                  {"source", inventory.source},
                  {"digest", json::text_or_null(inventory.source_digest)},
                  {"python", python_json(inventory.python)},
                  {"other_interpreters", std::move(other_interpreters)},
                  {"search_path", std::move(search_path)},
                  {"constraint_files", std::move(constraint_files)},
                  {"packages", std::move(packages)},
                  {"skipped", std::move(skipped)},
                  {"dropped", std::move(dropped)},
                  {"problems", std::move(problems)}};
}

}  // namespace envpack::env
