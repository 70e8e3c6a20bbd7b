#include "bind.hpp"
#include "envpack/packaging/marker.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/requirement.hpp"
#include "envpack/packaging/specifier.hpp"
#include "envpack/packaging/specifier_set.hpp"
#include "envpack/packaging/tag.hpp"
#include "envpack/packaging/version.hpp"
#include "envpack/packaging/wheel_filename.hpp"
#include "errors.hpp"

#include <string>
#include <variant>

#include <pybind11/operators.h>
#include <pybind11/stl.h>

namespace py = pybind11;

namespace envpack::python {
namespace {

using namespace envpack::packaging;
// The text first: pybind11 wants a first alternative with a default.
using VersionOrText = std::variant<std::string, Version>;

Version parse_version(const std::string& text) {
    return value_or_raise(Version::parse(text), "InvalidVersion");
}

/// `Class('text')`, as a person would write it.
template <class T>
std::string pasteable(const char* name, const T& value) {
    return std::string("<") + name + "('" + value.to_string() + "')>";
}

/// `text in set`, where the text may be no version at all, as for `===`.
template <class Set>
bool contains(const Set& set, const VersionOrText& item, std::optional<bool> prereleases) {
    return std::visit([&](const auto& version) { return set.contains(version, prereleases); },
                      item);
}

void bind_version(py::module_& module) {
    py::class_<Version>(module, "Version",
                        "A version of PEP 440, ordered and hashable.\n\n"
                        "Raises InvalidVersion for any other text.")
        .def(py::init(&parse_version), py::arg("version"))
        .def("__str__", &Version::to_string)
        .def("__repr__", [](const Version& v) { return pasteable("Version", v); })
        .def("__hash__", &Version::hash)
        .def(py::self == py::self)
        .def(py::self != py::self)
        .def(py::self < py::self)
        .def(py::self <= py::self)
        .def(py::self > py::self)
        .def(py::self >= py::self)
        .def(py::pickle([](const Version& v) { return v.to_string(); }, &parse_version))
        .def_property_readonly("epoch", &Version::epoch)
        .def_property_readonly("release",
                               [](const Version& v) { return py::tuple(py::cast(v.release())); })
        .def_property_readonly("pre",
                               [](const Version& v) -> py::object {
                                   const auto pre = v.pre();
                                   if (!pre) {
                                       return py::none();
                                   }
                                   return py::make_tuple(std::string(to_string(pre->kind)),
                                                         pre->number);
                               })
        .def_property_readonly("post", &Version::post)
        .def_property_readonly("dev", &Version::dev)
        .def_property_readonly("local",
                               [](const Version& v) -> std::optional<std::string> {
                                   if (!v.has_local()) {
                                       return std::nullopt;
                                   }
                                   return std::string(v.local());
                               })
        .def_property_readonly("public",
                               [](const Version& v) { return v.public_version().to_string(); })
        .def_property_readonly("base_version",
                               [](const Version& v) { return v.base_version().to_string(); })
        .def_property_readonly("is_prerelease", &Version::is_prerelease)
        .def_property_readonly("is_postrelease", &Version::is_postrelease)
        .def_property_readonly("is_devrelease", &Version::is_devrelease)
        .def_property_readonly("major", &Version::major)
        .def_property_readonly("minor", &Version::minor)
        .def_property_readonly("micro", &Version::micro);
}

void bind_specifiers(py::module_& module) {
    const auto parse = [](const std::string& text, std::optional<bool> prereleases) {
        return value_or_raise(SpecifierSet::parse(text, prereleases), "InvalidSpecifier");
    };
    py::class_<SpecifierSet>(module, "SpecifierSet",
                             "Version specifiers of PEP 440 that must all hold: '>=1.16,<2'.\n\n"
                             "Raises InvalidSpecifier for any other text.")
        .def(py::init(parse), py::arg("specifiers") = "", py::kw_only(),
             py::arg("prereleases") = py::none())
        .def("__str__", &SpecifierSet::to_string)
        .def("__repr__", [](const SpecifierSet& s) { return pasteable("SpecifierSet", s); })
        .def("__len__", [](const SpecifierSet& s) { return s.specifiers().size(); })
        .def("__hash__",
             [](const SpecifierSet& s) {
                 // Equal sets are equal in their canonical clauses, not in their spelling.
                 std::size_t hash = 0;
                 for (const Specifier& clause : s.specifiers()) {
                     hash ^= std::hash<std::string_view>{}(clause.canonical());
                 }
                 return hash;
             })
        .def(py::self == py::self)
        .def(py::self != py::self)
        .def(py::self & py::self)
        .def(py::pickle([](const SpecifierSet& s) { return s.to_string(); },
                        [parse](const std::string& text) { return parse(text, std::nullopt); }))
        .def_property_readonly("prereleases", &SpecifierSet::prereleases)
        .def(
            "contains",
            [](const SpecifierSet& s, const VersionOrText& item, std::optional<bool> prereleases,
               bool installed) {
                return std::visit(
                    [&](const auto& version) {
                        return s.contains(version, prereleases, installed);
                    },
                    item);
            },
            py::arg("item"), py::kw_only(), py::arg("prereleases") = py::none(),
            py::arg("installed") = false,
            "Whether a version is accepted; `prereleases` switches pre-releases on or off.")
        .def(
            "filter",
            [](const SpecifierSet& s, const std::vector<std::string>& texts,
               std::optional<bool> prereleases) {
                std::vector<std::string> kept;
                for (const std::size_t i : s.filter(std::span(texts), prereleases)) {
                    kept.push_back(texts[i]);
                }
                return kept;
            },
            py::arg("versions"), py::kw_only(), py::arg("prereleases") = py::none(),
            "The accepted ones, in order; pre-releases where no final release is accepted.")
        .def(
            "__contains__",
            [](const SpecifierSet& s, const VersionOrText& item) {
                return contains(s, item, std::nullopt);
            },
            py::arg("item"));
}

void bind_requirements(py::module_& module) {
    const auto parse_marker = [](const std::string& text) {
        return value_or_raise(Marker::parse(text), "InvalidMarker");
    };
    py::class_<Marker>(module, "Marker",
                       "An environment marker of PEP 508: 'python_version < \"3.11\"'.\n\n"
                       "Raises InvalidMarker for any other text.")
        .def(py::init(parse_marker), py::arg("marker"))
        .def("__str__", &Marker::to_string)
        .def("__repr__", [](const Marker& m) { return pasteable("Marker", m); })
        .def("__hash__", [](const Marker& m) { return std::hash<std::string>{}(m.to_string()); })
        .def(py::self == py::self)
        .def(py::pickle([](const Marker& m) { return m.to_string(); }, parse_marker))
        .def(
            "evaluate",
            [](const Marker& m, const std::map<std::string, std::string>& environment) {
                return m.evaluate({.values = {environment.begin(), environment.end()}});
            },
            py::arg("environment"),
            "Whether it holds where the variables have these values; `extra` may be one of them.");

    const auto parse = [](const std::string& text) {
        return value_or_raise(Requirement::parse(text), "InvalidRequirement");
    };
    py::class_<Requirement>(module, "Requirement",
                            "A dependency specifier of PEP 508: 'name[extra]>=1; marker'.\n\n"
                            "Raises InvalidRequirement for any other text.")
        .def(py::init(parse), py::arg("requirement"))
        .def("__str__", &Requirement::to_string)
        .def("__repr__", [](const Requirement& r) { return pasteable("Requirement", r); })
        .def("__hash__",
             [](const Requirement& r) { return std::hash<std::string_view>{}(r.name.str()); })
        .def(py::self == py::self)
        .def(py::pickle([](const Requirement& r) { return r.to_string(); }, parse))
        .def_property_readonly("name",
                               [](const Requirement& r) { return std::string(r.name.str()); })
        .def_property_readonly("extras",
                               [](const Requirement& r) {
                                   py::set extras;
                                   for (const PackageName& extra : r.extras) {
                                       extras.add(std::string(extra.str()));
                                   }
                                   return extras;
                               })
        .def_property_readonly("specifier", [](const Requirement& r) { return r.specifiers; })
        .def_property_readonly("url",
                               [](const Requirement& r) -> std::optional<std::string> {
                                   if (r.url.empty()) {
                                       return std::nullopt;
                                   }
                                   return r.url;
                               })
        .def_property_readonly("marker", [](const Requirement& r) { return r.marker; });
}

void bind_tags(py::module_& module) {
    const auto parse = [](const std::string& text) { return value_or_raise(Tag::parse(text)); };
    py::class_<Tag>(module, "Tag", "A compatibility tag of PEP 425.")
        .def(py::init([](std::string interpreter, std::string abi, std::string platform) {
                 return Tag{std::move(interpreter), std::move(abi), std::move(platform)};
             }),
             py::arg("interpreter"), py::arg("abi"), py::arg("platform"))
        .def("__str__", &Tag::to_string)
        .def("__repr__", [](const Tag& t) { return pasteable("Tag", t); })
        .def("__hash__", [](const Tag& t) { return std::hash<std::string>{}(t.to_string()); })
        .def(py::self == py::self)
        .def(py::pickle([](const Tag& t) { return t.to_string(); }, parse))
        .def_readonly("interpreter", &Tag::interpreter)
        .def_readonly("abi", &Tag::abi)
        .def_readonly("platform", &Tag::platform);
    module.def(
        "canonicalize_name",
        [](const std::string& name) {
            return std::string(
                value_or_raise(PackageName::parse(name), "InvalidRequirement").str());
        },
        py::arg("name"), "The name as PEP 503 normalises it: 'ruamel-yaml' for 'ruamel.yaml'.");
}

}  // namespace

void bind_packaging(py::module_& module) {
    bind_version(module);
    bind_specifiers(module);
    bind_requirements(module);
    bind_tags(module);
}

}  // namespace envpack::python
