#include "bind.hpp"
#include "envpack/base/json.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/inventory_output.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/env/lock_output.hpp"
#include "envpack/pipeline/freeze.hpp"
#include "errors.hpp"
#include "json.hpp"

#include <filesystem>
#include <string>

#include <pybind11/operators.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

namespace py = pybind11;

namespace envpack::python {
namespace {

using namespace envpack::env;

std::optional<std::string> text_or_none(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

template <class T>
py::object html_of(const T& self, const char* function) {
    return py::module_::import("envpack._notebook").attr(function)(py::cast(self));
}

std::string text_of(const Inventory& inventory, const std::string& format, bool include_installers,
                    const std::string& legacy, bool keep_editable) {
    const auto known = pipeline::parse_freeze_format(format);
    if (!known) {
        throw py::value_error("unknown format `" + format + "`");
    }
    if (legacy != "comment" && legacy != "exact") {
        throw py::value_error("legacy is `comment` or `exact`");
    }
    return value_or_raise(pipeline::render(inventory, *known,
                                           {.include_installers = include_installers,
                                            .exact_legacy = legacy == "exact",
                                            .keep_editable = keep_editable,
                                            .envpack_version = ENVPACK_VERSION}));
}

void bind_inventory(py::module_& module) {
    py::class_<FrozenPackage>(module, "FrozenPackage", "One installed distribution.")
        .def_property_readonly("name",
                               [](const FrozenPackage& p) { return std::string(p.name.str()); })
        .def_readonly("raw_name", &FrozenPackage::raw_name)
        .def_readonly("version", &FrozenPackage::version)
        .def_readonly("raw_version", &FrozenPackage::raw_version)
        .def_property_readonly(
            "form", [](const FrozenPackage& p) { return std::string(to_string(p.form)); })
        .def_readonly("location", &FrozenPackage::location)
        .def_readonly("layer", &FrozenPackage::layer)
        .def_property_readonly("installer",
                               [](const FrozenPackage& p) { return text_or_none(p.installer); })
        .def_readonly("editable", &FrozenPackage::editable)
        .def_readonly("requires", &FrozenPackage::requires_dist)
        .def_readonly("flags", &FrozenPackage::flags)
        .def("__repr__", [](const FrozenPackage& p) {
            return "<FrozenPackage " + std::string(p.name.str()) + " " + p.raw_version + ">";
        });

    py::class_<Interpreter>(module, "Interpreter", "The Python that a base runs.")
        .def_readonly("implementation", &Interpreter::implementation)
        .def_readonly("version", &Interpreter::full_version)
        .def_property_readonly("executable",
                               [](const Interpreter& p) { return "/" + p.executable.str(); })
        .def_property_readonly("prefix", [](const Interpreter& p) { return "/" + p.prefix.str(); })
        .def_readonly("machine", &Interpreter::machine)
        .def_property_readonly("libc", [](const Interpreter& p) { return p.libc.to_string(); })
        .def("__repr__", [](const Interpreter& p) {
            return "<Interpreter " + p.implementation + " " + p.full_version + ">";
        });

    py::class_<Inventory>(module, "Inventory",
                          "What is installed in a base, sorted by name; made by envpack.freeze().")
        .def_readonly("source", &Inventory::source)
        .def_property_readonly("digest",
                               [](const Inventory& i) { return text_or_none(i.source_digest); })
        .def_readonly("python", &Inventory::python)
        .def_readonly("packages", &Inventory::packages)
        .def_property_readonly("problems",
                               [](const Inventory& i) {
                                   std::vector<std::string> lines;
                                   for (const Problem& problem : i.problems) {
                                       lines.push_back(problem.text);
                                   }
                                   return lines;
                               })
        .def("__len__", [](const Inventory& i) { return i.packages.size(); })
        .def(
            "__getitem__",
            [](const Inventory& i, const std::string& text) {
                const auto name = packaging::PackageName::parse(text);
                const FrozenPackage* found = name ? i.find(*name) : nullptr;
                if (found == nullptr) {
                    throw py::key_error(text);
                }
                return *found;
            },
            py::arg("name"), "The package of that name, however it is spelled; KeyError if absent.")
        .def(
            "__contains__",
            [](const Inventory& i, const std::string& text) {
                const auto name = packaging::PackageName::parse(text);
                return name && i.find(*name) != nullptr;
            },
            py::arg("name"))
        .def_property_readonly(
            "dropped",
            [](const Inventory& i) {
                std::map<std::string, std::string> reasons;
                for (const LeftOut& item : i.dropped) {
                    reasons.emplace(item.name, item.reason);
                }
                return reasons;
            },
            "Packages that a selection left out: name to reason.")
        .def(
            "constraints",
            [](const Inventory& i, bool include_installers, const std::string& legacy) {
                return text_of(i, "constraints", include_installers, legacy, false);
            },
            py::kw_only(), py::arg("include_installers") = false, py::arg("legacy") = "comment",
            "The text of a constraints file that pip and uv accept.")
        .def(
            "requirements",
            [](const Inventory& i, bool include_installers, bool keep_editable) {
                return text_of(i, "requirements", include_installers, "comment", keep_editable);
            },
            py::kw_only(), py::arg("include_installers") = false, py::arg("keep_editable") = false,
            "The text of a requirements file that installs the same set elsewhere.")
        .def(
            "render",
            [](const Inventory& i, const std::string& format, bool include_installers) {
                return text_of(i, format, include_installers, "comment", false);
            },
            py::arg("format"), py::kw_only(), py::arg("include_installers") = false,
            "What `envpack freeze --format FORMAT` prints: constraints, requirements, json, "
            "pylock, "
            "uv, cyclonedx or spdx.")
        .def(
            "to_dict", [](const Inventory& i) { return to_python(to_json(i)); },
            "The document that `envpack freeze --format json` prints.")
        .def("_repr_html_", [](const Inventory& i) { return html_of(i, "inventory_html"); })
        .def("__repr__", [](const Inventory& i) {
            return "<Inventory of " + i.source + ", " + std::to_string(i.packages.size()) +
                   " packages>";
        });
}

void bind_lock(py::module_& module) {
    py::class_<LockedPackage>(module, "LockedPackage", "A package that a lock adds to its base.")
        .def_property_readonly("name",
                               [](const LockedPackage& p) { return std::string(p.name.str()); })
        .def_readonly("version", &LockedPackage::version)
        .def_property_readonly("index",
                               [](const LockedPackage& p) { return text_or_none(p.index); })
        .def_property_readonly("dependencies",
                               [](const LockedPackage& p) {
                                   std::vector<std::string> names;
                                   for (const packaging::PackageName& name : p.dependencies) {
                                       names.emplace_back(name.str());
                                   }
                                   return names;
                               })
        .def_property_readonly("files",
                               [](const LockedPackage& p) {
                                   std::vector<std::string> names;
                                   for (const LockedFile& file : p.wheels) {
                                       names.push_back(file.name);
                                   }
                                   return names;
                               })
        .def("__repr__", [](const LockedPackage& p) {
            return "<LockedPackage " + std::string(p.name.str()) + " " +
                   (p.version ? p.version->to_string() : std::string()) + ">";
        });

    py::class_<Lock>(module, "Lock", "A pylock.toml (PEP 751); made by envpack.resolve().")
        .def_static(
            "parse", [](const std::string& toml) { return value_or_raise(Lock::parse(toml)); },
            py::arg("toml"), "Reads the text of a lock file; ParseError if it is none.")
        .def("to_toml", &Lock::to_toml, "The text of the lock file: same lock, same bytes.")
        .def(
            "to_requirements",
            [](const Lock& l, const std::filesystem::path& folder) {
                return value_or_raise(to_requirements_text(l, folder));
            },
            py::kw_only(), py::arg("folder") = std::filesystem::path(),
            "A requirements file with hashes, for `pip install --no-deps -r`.")
        .def(
            "to_tree", [](const Lock& l) { return to_tree_text(l); },
            "What was asked for, with what each package needs below it.")
        .def(
            "to_dict", [](const Lock& l) { return to_python(to_json(l)); },
            "The document that `envpack resolve --format json` writes.")
        .def_readonly("requires_python", &Lock::requires_python)
        .def_readonly("packages", &Lock::packages)
        .def_property_readonly(
            "provided",
            [](const Lock& l) {
                std::map<std::string, std::string> provided;
                if (l.origin) {
                    for (const ProvidedPackage& package : l.origin->provided) {
                        provided.emplace(package.name.str(), package.version);
                    }
                }
                return provided;
            },
            "What the lock counts on in its base: name to version.")
        .def_property_readonly(
            "base",
            [](const Lock& l) { return l.origin ? text_or_none(l.origin->base) : std::nullopt; })
        .def("__len__", [](const Lock& l) { return l.packages.size(); })
        .def(py::self == py::self)
        .def("_repr_html_", [](const Lock& l) { return html_of(l, "lock_html"); })
        .def("__repr__", [](const Lock& l) {
            return "<Lock of " + std::to_string(l.packages.size()) + " packages>";
        });
}

}  // namespace

void bind_env(py::module_& module) {
    bind_inventory(module);
    bind_lock(module);
}

}  // namespace envpack::python
