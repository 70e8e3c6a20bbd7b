#include "bind.hpp"
#include "envpack/pipeline/doctor.hpp"
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

using pipeline::DoctorCheck;
using pipeline::DoctorGpu;
using pipeline::DoctorReport;
using pipeline::ProbedGpu;

DoctorReport doctor(std::filesystem::path root, bool gpu,
                    std::optional<std::filesystem::path> probe, const py::object& progress) {
    const pipeline::DoctorOptions options{
        .root = std::move(root), .gpu = gpu, .probe = std::move(probe)};
    const pipeline::UserConfig user = user_config();
    return run<DoctorReport>(progress, [&](const RunContext& context) {
        return pipeline::doctor(options, user, context);
    });
}

/// None for what is not known.
template <class Version>
std::optional<std::string> known_text(const std::optional<Version>& version) {
    return version ? std::optional(version->to_string()) : std::nullopt;
}

void bind_parts(py::module_& module) {
    py::class_<DoctorCheck>(module, "DoctorCheck", "One thing that envpack.doctor() looked at.")
        .def_readonly("id", &DoctorCheck::id)
        .def_property_readonly(
            "status", [](const DoctorCheck& c) { return std::string(to_string(c.status)); })
        .def_readonly("text", &DoctorCheck::text)
        .def_readonly("fix", &DoctorCheck::fix)
        .def("__repr__", [](const DoctorCheck& c) {
            return "<DoctorCheck " + c.id + ": " + std::string(to_string(c.status)) + ": " +
                   c.text + ">";
        });
    py::class_<DoctorGpu>(module, "DoctorGpu", "A GPU of this machine.")
        .def_readonly("name", &DoctorGpu::name)
        .def_readonly("uuid", &DoctorGpu::uuid)
        .def_property_readonly("compute_capability",
                               [](const DoctorGpu& g) { return known_text(g.capability); })
        .def_readonly("memory", &DoctorGpu::memory)
        .def("__repr__", [](const DoctorGpu& g) { return "<DoctorGpu " + g.name + ">"; });
    py::class_<ProbedGpu>(module, "ProbedGpu", "What the CUDA probe found on one GPU.")
        .def_readonly("name", &ProbedGpu::name)
        .def_readonly("uuid", &ProbedGpu::uuid)
        .def_readonly("ok", &ProbedGpu::ok)
        .def_readonly("error", &ProbedGpu::error)
        .def("__repr__", [](const ProbedGpu& g) {
            return "<ProbedGpu " + g.name + ": " + (g.ok ? "computes" : g.error) + ">";
        });
}

}  // namespace

void bind_doctor(py::module_& module) {
    bind_parts(module);
    py::class_<DoctorReport>(module, "DoctorReport",
                             "What this machine has for GPUs in containers; returned by "
                             "envpack.doctor().")
        .def_readonly("root", &DoctorReport::root)
        .def_property_readonly("container",
                               [](const DoctorReport& r) {
                                   return r.container.empty() ? std::nullopt
                                                              : std::optional(r.container);
                               })
        .def_property_readonly("driver", [](const DoctorReport& r) { return known_text(r.driver); })
        .def_property_readonly("cuda", [](const DoctorReport& r) { return known_text(r.cuda); })
        .def_readonly("gpus", &DoctorReport::gpus)
        .def_readonly("probed", &DoctorReport::probed)
        .def_readonly("checks", &DoctorReport::checks)
        .def_property_readonly("ok", &DoctorReport::ok)
        .def(
            "to_dict", [](const DoctorReport& r) { return to_python(r.to_json()); },
            "The document that `envpack doctor --format json` prints.")
        .def("__str__", &DoctorReport::to_text)
        .def("_repr_html_",
             [](const DoctorReport& r) -> py::object {
                 return py::module_::import("envpack._notebook").attr("doctor_html")(py::cast(r));
             })
        .def("__repr__", [](const DoctorReport& r) {
            return "<DoctorReport " + r.root + ", " + std::to_string(r.gpus.size()) + " GPUs, " +
                   (r.ok() ? "ok" : "problems") + ">";
        });
    module.def("doctor", &doctor, py::arg("root"), py::arg("gpu"), py::arg("probe"),
               py::arg("progress"), "See envpack.doctor().");
}

}  // namespace envpack::python
