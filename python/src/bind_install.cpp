#include "bind.hpp"
#include "envpack/pipeline/install.hpp"
#include "errors.hpp"
#include "json.hpp"
#include "run.hpp"

#include <filesystem>
#include <optional>
#include <string>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

namespace py = pybind11;

namespace envpack::python {
namespace {

pipeline::InstallReport install(std::filesystem::path lock, std::filesystem::path prefix,
                                std::optional<std::string> python, bool system_site_packages,
                                bool exact, bool reinstall, const std::string& link_mode,
                                bool no_build, const pipeline::IndexOptions& indexes,
                                const py::object& progress) {
    const pipeline::InstallOptions options{
        .lock = std::move(lock),
        .prefix = std::move(prefix),
        .python = std::move(python),
        .system_site_packages = system_site_packages,
        .exact = exact,
        .reinstall = reinstall,
        .link_mode = value_or_raise(archive::link_mode_named(link_mode)),
        .no_build = no_build,
        .indexes = indexes};
    const pipeline::UserConfig user = user_config();
    return run<pipeline::InstallReport>(progress, [&](const RunContext& context) {
        return pipeline::install(options, user, context);
    });
}

}  // namespace

void bind_install(py::module_& module) {
    using pipeline::InstalledPackage;
    using pipeline::InstallReport;
    py::class_<InstalledPackage>(module, "InstalledPackage",
                                 "A package that was put into an environment, or taken out of it.")
        .def_readonly("name", &InstalledPackage::name)
        .def_readonly("version", &InstalledPackage::version)
        .def_property_readonly("replaced",
                               [](const InstalledPackage& p) {
                                   return p.replaced.empty() ? std::nullopt
                                                             : std::optional(p.replaced);
                               })
        .def("__repr__", [](const InstalledPackage& p) {
            return "<InstalledPackage " + p.name + " " + p.version + ">";
        });
    py::class_<InstallReport>(module, "InstallReport",
                              "What an install did; returned by envpack.install().")
        .def_readonly("prefix", &InstallReport::prefix)
        .def_readonly("new", &InstallReport::is_new)
        .def_readonly("kept", &InstallReport::kept)
        .def_readonly("installed", &InstallReport::installed)
        .def_readonly("removed", &InstallReport::removed)
        .def_readonly("startup_hooks", &InstallReport::startup_hooks)
        .def_readonly("notes", &InstallReport::notes)
        .def(
            "to_dict", [](const InstallReport& r) { return to_python(r.to_json()); },
            "The document that `envpack install --format json` prints.")
        .def("__str__", &InstallReport::to_text)
        .def("__repr__", [](const InstallReport& r) {
            return "<InstallReport " + r.prefix + ", " + std::to_string(r.installed.size()) +
                   " installed>";
        });
    module.def("install", &install, py::arg("lock"), py::arg("prefix"), py::arg("python"),
               py::arg("system_site_packages"), py::arg("exact"), py::arg("reinstall"),
               py::arg("link_mode"), py::arg("no_build"), py::arg("indexes"), py::arg("progress"),
               "See envpack.install().");
}

}  // namespace envpack::python
