// The verbs that look at images and environments: audit, inspect, diff, verify.

#include "bind.hpp"
#include "envpack/pipeline/audit.hpp"
#include "envpack/pipeline/diff.hpp"
#include "envpack/pipeline/inspect.hpp"
#include "envpack/pipeline/verify.hpp"
#include "json.hpp"
#include "run.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

namespace py = pybind11;

namespace envpack::python {
namespace {

/// None for no digest.
std::optional<std::string> text_of(const std::optional<Digest>& digest) {
    return digest ? std::optional(digest->to_string()) : std::nullopt;
}

pipeline::AuditReport audit(const std::string& source, const std::vector<std::string>& more_wheels,
                            std::optional<std::string> python, const std::vector<std::string>& gpus,
                            const std::string& driver, std::optional<std::string> base,
                            const std::string& layout, const std::string& prefix, bool no_build,
                            const pipeline::IndexOptions& indexes, const py::object& progress) {
    const pipeline::AuditOptions options{
        .source = source,
        .more_wheels = more_wheels,
        .base = std::move(base),
        .layout = value_or_raise(pipeline::build_layout_named(layout)),
        .prefix = prefix,
        .no_build = no_build,
        .indexes = indexes,
        .python = std::move(python),
        .gpus = gpus,
        .driver = driver};
    const pipeline::UserConfig user = user_config();
    return run<pipeline::AuditReport>(progress, [&](const RunContext& context) {
        return pipeline::audit(options, user, context);
    });
}

pipeline::InspectReport inspect(const std::string& source, const py::object& progress) {
    const pipeline::UserConfig user = user_config();
    return run<pipeline::InspectReport>(progress, [&](const RunContext& context) {
        return pipeline::inspect(source, user, context);
    });
}

pipeline::DiffReport diff(const std::string& a, const std::string& b, const py::object& progress) {
    const pipeline::UserConfig user = user_config();
    return run<pipeline::DiffReport>(
        progress, [&](const RunContext& context) { return pipeline::diff(a, b, user, context); });
}

pipeline::VerifyReport verify(const std::string& image, std::optional<std::filesystem::path> lock,
                              std::optional<std::string> base, bool no_build,
                              const pipeline::IndexOptions& indexes, const py::object& progress) {
    const pipeline::VerifyOptions options{.image = image,
                                          .lock = std::move(lock),
                                          .base = std::move(base),
                                          .no_build = no_build,
                                          .indexes = indexes};
    const pipeline::UserConfig user = user_config();
    return run<pipeline::VerifyReport>(progress, [&](const RunContext& context) {
        return pipeline::verify(options, user, context);
    });
}

/// What every report can: the text and the document of the command.
template <class Report>
py::class_<Report> bind_report(py::module_& module, const char* name, const char* doc) {
    return py::class_<Report>(module, name, doc)
        .def(
            "to_dict", [](const Report& r) { return to_python(r.to_json()); },
            "The document that the command prints with `--format json`.")
        .def("__str__", &Report::to_text);
}

void bind_audit(py::module_& module) {
    using pipeline::AuditFinding;
    using pipeline::AuditReport;
    py::class_<AuditFinding>(module, "AuditFinding", "Something that an audit has found.")
        .def_property_readonly("level",
                               [](const AuditFinding& f) {
                                   constexpr const char* names[] = {"error", "warning", "note"};
                                   return names[static_cast<std::size_t>(f.level)];
                               })
        .def_readonly("rule", &AuditFinding::rule)
        .def_readonly("text", &AuditFinding::text)
        .def_readonly("file", &AuditFinding::file)
        .def_readonly("package", &AuditFinding::package)
        .def_readonly("fix", &AuditFinding::fix)
        .def("__repr__", [](const AuditFinding& f) {
            return "<AuditFinding " + f.rule + ": " + f.file + ": " + f.text + ">";
        });
    bind_report<AuditReport>(module, "AuditReport",
                             "Whether binaries run on GPUs and a driver; returned by "
                             "envpack.audit().")
        .def_readonly("source", &AuditReport::source)
        .def_property_readonly("ok", &AuditReport::ok)
        .def_readonly("findings", &AuditReport::findings)
        .def_readonly("assumptions", &AuditReport::assumptions)
        .def("__repr__", [](const AuditReport& r) {
            return "<AuditReport " + r.source + ", " + std::to_string(r.findings.size()) +
                   " findings>";
        });
    module.def("audit", &audit, py::arg("source"), py::arg("more_wheels"), py::arg("python"),
               py::arg("gpus"), py::arg("driver"), py::arg("base"), py::arg("layout"),
               py::arg("prefix"), py::arg("no_build"), py::arg("indexes"), py::arg("progress"),
               "See envpack.audit().");
}

}  // namespace

void bind_images(py::module_& module) {
    using pipeline::DiffReport;
    using pipeline::InspectReport;
    using pipeline::VerifyReport;
    bind_audit(module);
    bind_report<InspectReport>(module, "InspectReport",
                               "What is in an image; returned by envpack.inspect().")
        .def_readonly("source", &InspectReport::source)
        .def_property_readonly("digest", [](const InspectReport& r) { return text_of(r.digest); })
        .def("__repr__", [](const InspectReport& r) { return "<InspectReport " + r.source + ">"; });
    bind_report<DiffReport>(module, "DiffReport",
                            "How two images differ; returned by envpack.diff().")
        .def_property_readonly("equal", &DiffReport::equal)
        .def_property_readonly("same_content", &DiffReport::same_content)
        .def("__repr__", [](const DiffReport& r) {
            return "<DiffReport " + r.a.source + " " + (r.equal() ? "==" : "!=") + " " +
                   r.b.source + ">";
        });
    py::class_<pipeline::VerifyProblem>(module, "VerifyProblem",
                                        "Something that is wrong with an image.")
        .def_readonly("rule", &pipeline::VerifyProblem::rule)
        .def_readonly("text", &pipeline::VerifyProblem::text)
        .def("__repr__", [](const pipeline::VerifyProblem& p) {
            return "<VerifyProblem " + p.rule + ": " + p.text + ">";
        });
    bind_report<VerifyReport>(module, "VerifyReport",
                              "What was checked of an image; returned by envpack.verify().")
        .def_readonly("image", &VerifyReport::image)
        .def_property_readonly("digest", [](const VerifyReport& r) { return text_of(r.digest); })
        .def_property_readonly("ok", [](const VerifyReport& r) { return r.problems.empty(); })
        .def_readonly("problems", &VerifyReport::problems)
        .def_readonly("base_problems", &VerifyReport::base_problems)
        .def("__repr__", [](const VerifyReport& r) {
            return "<VerifyReport " + r.image + ", " + std::to_string(r.problems.size()) +
                   " problems>";
        });
    module.def("inspect", &inspect, py::arg("source"), py::arg("progress"),
               "See envpack.inspect().");
    module.def("diff", &diff, py::arg("a"), py::arg("b"), py::arg("progress"),
               "See envpack.diff().");
    module.def("verify", &verify, py::arg("image"), py::arg("lock"), py::arg("base"),
               py::arg("no_build"), py::arg("indexes"), py::arg("progress"),
               "See envpack.verify().");
}

}  // namespace envpack::python
