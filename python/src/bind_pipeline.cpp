#include "bind.hpp"
#include "envpack/pipeline/build.hpp"
#include "envpack/pipeline/freeze.hpp"
#include "envpack/pipeline/index_url.hpp"
#include "envpack/pipeline/resolve.hpp"
#include "envpack/pipeline/strip.hpp"
#include "errors.hpp"
#include "json.hpp"
#include "run.hpp"

#include <filesystem>
#include <string>

#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

namespace py = pybind11;

namespace envpack::python {
namespace {

std::optional<std::string> text_if_any(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

using Texts = std::vector<std::string>;
using Paths = std::vector<std::filesystem::path>;

env::PinScope scope_of(const std::string& word) {
    if (word == "all") {
        return env::PinScope::all;
    }
    if (word == "binary") {
        return env::PinScope::binary;
    }
    if (word == "torch-stack") {
        return env::PinScope::torch_stack;
    }
    throw py::value_error("pin is `all`, `binary` or `torch-stack`");
}

env::Inventory freeze(const std::string& source, std::optional<std::string> python, Texts exclude,
                      const std::string& pin, std::optional<std::filesystem::path> used_by,
                      bool check, const py::object& progress) {
    const pipeline::FreezeOptions options{.source = source,
                                          .python = std::move(python),
                                          .exclude = std::move(exclude),
                                          .pin = scope_of(pin),
                                          .used_by = std::move(used_by),
                                          .check = check};
    const pipeline::UserConfig user = user_config();
    return run<env::Inventory>(progress, [&](const RunContext& context) {
        return pipeline::freeze(options, user, context);
    });
}

[[noreturn]] void raise_conflict(const std::string& text, const json::Value& report) {
    const py::object exception =
        py::module_::import("envpack.errors").attr("ResolutionImpossible")(text, to_python(report));
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
    throw py::error_already_set();
}

env::Lock resolve(const pipeline::ResolveOptions& options, const py::object& progress) {
    const pipeline::UserConfig user = user_config();
    const auto outcome = run<pipeline::ResolveOutcome>(progress, [&](const RunContext& context) {
        return pipeline::resolve(options, user, context);
    });
    if (const auto* explanation = std::get_if<env::Explanation>(&outcome)) {
        raise_conflict(explanation->text, explanation->to_json());
    }
    return std::get<env::Lock>(outcome);
}

pipeline::StripReport strip(std::filesystem::path requirements, const std::string& base,
                            std::optional<std::string> python, const py::object& progress) {
    const pipeline::StripOptions options{
        .requirements = std::move(requirements), .base = base, .python = std::move(python)};
    const pipeline::UserConfig user = user_config();
    return run<pipeline::StripReport>(progress, [&](const RunContext& context) {
        return pipeline::strip(options, user, context);
    });
}

pipeline::BuildReport build(const pipeline::BuildOptions& options, const py::object& progress) {
    const pipeline::UserConfig user = user_config();
    return run<pipeline::BuildReport>(progress, [&](const RunContext& context) {
        return pipeline::build(options, user, context);
    });
}

pipeline::IndexUrlReport index_url(const pipeline::IndexUrlOptions& options,
                                   const py::object& progress) {
    const pipeline::UserConfig user = user_config();
    auto report = run<pipeline::IndexUrlReport>(progress, [&](const RunContext& context) {
        return pipeline::index_url(options, user, context);
    });
    if (const auto* conflict = std::get_if<cuda::IndexConflict>(&report.answer)) {
        raise_conflict(conflict->to_string(), report.to_json());
    }
    return report;
}

const cuda::IndexPlan& plan_of(const pipeline::IndexUrlReport& report) {
    return std::get<cuda::IndexPlan>(report.answer);  // a conflict was raised
}

void bind_index_url(py::module_& module) {
    using Report = pipeline::IndexUrlReport;
    py::class_<pipeline::CudaOptions>(module, "CudaOptions", "What is told about the target.")
        .def(py::init([](std::string cuda, Texts gpus, std::string driver, bool allow_other_major,
                         std::string torch_index, Texts mirrors) {
                 return pipeline::CudaOptions{.cuda = std::move(cuda),
                                              .gpus = std::move(gpus),
                                              .driver = std::move(driver),
                                              .allow_other_major = allow_other_major,
                                              .torch_index = std::move(torch_index),
                                              .mirrors = std::move(mirrors)};
             }),
             py::kw_only(), py::arg("cuda"), py::arg("gpus"), py::arg("driver"),
             py::arg("allow_other_major"), py::arg("torch_index"), py::arg("mirrors"));
    py::class_<pipeline::IndexUrlOptions>(module, "IndexUrlOptions", "What an index is wanted for.")
        .def(
            py::init([](std::optional<std::string> base, pipeline::CudaOptions cuda,
                        std::string torch, std::string python, std::string platform, bool offline) {
                return pipeline::IndexUrlOptions{.base = std::move(base),
                                                 .cuda = std::move(cuda),
                                                 .torch = std::move(torch),
                                                 .python = std::move(python),
                                                 .platform = std::move(platform),
                                                 .offline = offline};
            }),
            py::kw_only(), py::arg("base"), py::arg("cuda"), py::arg("torch"), py::arg("python"),
            py::arg("platform"), py::arg("offline"));
    py::class_<Report>(module, "IndexPlan", "An index of PyTorch's wheels; of envpack.index_url().")
        .def_property_readonly("url", [](const Report& r) { return plan_of(r).url; })
        .def_property_readonly("suffix", [](const Report& r) { return plan_of(r).suffix; })
        .def_property_readonly("torch",
                               [](const Report& r) { return plan_of(r).torch.to_string(); })
        .def_property_readonly("reason", [](const Report& r) { return plan_of(r).reason; })
        .def_property_readonly("notes", [](const Report& r) { return plan_of(r).notes; })
        .def(
            "render",
            [](const Report& r, const std::string& format) {
                const auto known = pipeline::parse_index_url_format(format);
                if (!known) {
                    throw py::value_error("format is `text`, `pip`, `uv` or `pylock`");
                }
                return pipeline::render(plan_of(r), *known);
            },
            py::arg("format") = "text", "What `envpack index-url --format` prints.")
        .def(
            "to_dict", [](const Report& r) { return to_python(r.to_json()); },
            "The document that `envpack index-url --format json` prints.")
        .def("__repr__", [](const Report& r) {
            return "<IndexPlan " + plan_of(r).url + ", torch " + plan_of(r).torch.to_string() + ">";
        });
    module.def("index_url", &index_url, py::arg("options"), py::arg("progress"),
               "See envpack.index_url().");
}

void bind_resolve_options(py::module_& module) {
    using pipeline::ResolveOptions;
    py::class_<ResolveOptions>(module, "ResolveOptions", "What to resolve, and how.")
        .def(py::init<>())
        .def_readwrite("requirements", &ResolveOptions::requirements)
        .def_readwrite("editables", &ResolveOptions::editables)
        .def_readwrite("lock_folder", &ResolveOptions::lock_folder)
        .def_readwrite("requirement_files", &ResolveOptions::requirement_files)
        .def_readwrite("constraint_files", &ResolveOptions::constraint_files)
        .def_readwrite("base", &ResolveOptions::base)
        .def_readwrite("python", &ResolveOptions::python)
        .def_readwrite("pre", &ResolveOptions::pre)
        .def_readwrite("unfreeze", &ResolveOptions::unfreeze)
        .def_readwrite("shadow", &ResolveOptions::shadow)
        .def_readwrite("treat_as_release", &ResolveOptions::treat_as_release)
        .def_readwrite("relax", &ResolveOptions::relax)
        .def_readwrite("no_deps", &ResolveOptions::no_dependencies)
        .def_property(
            "base_deps",
            [](const ResolveOptions& o) {
                return o.base_dependencies == env::BaseDependencies::add ? "add" : "report";
            },
            [](ResolveOptions& o, const std::string& word) {
                o.base_dependencies = value_or_raise(env::parse_base_dependencies(word));
            })
        .def_readwrite("no_build", &ResolveOptions::no_build)
        .def_readwrite("no_binary", &ResolveOptions::no_binary)
        .def_readwrite("only_binary", &ResolveOptions::only_binary)
        .def_readwrite("require_hashes", &ResolveOptions::require_hashes)
        .def_readwrite("exclude_newer", &ResolveOptions::exclude_newer)
        .def_readwrite("fail_on_downgrade", &ResolveOptions::fail_on_downgrade)
        .def_readwrite("indexes", &ResolveOptions::indexes)
        .def_readwrite("cuda", &ResolveOptions::cuda);
}

void bind_reports(py::module_& module) {
    py::class_<pipeline::StrippedLine>(module, "StrippedLine",
                                       "A requirement that a base has already.")
        .def_property_readonly(
            "name", [](const pipeline::StrippedLine& l) { return std::string(l.name.str()); })
        .def_readonly("requirement", &pipeline::StrippedLine::requirement)
        .def_readonly("version", &pipeline::StrippedLine::version)
        .def_readonly("fits", &pipeline::StrippedLine::fits)
        .def("__repr__", [](const pipeline::StrippedLine& l) {
            return "<StrippedLine " + l.requirement + ", the base has " + l.version + ">";
        });
    py::class_<pipeline::StripReport>(module, "StripReport",
                                      "What is left of a requirements file; of envpack.strip().")
        .def_readonly("text", &pipeline::StripReport::text)
        .def_readonly("removed", &pipeline::StripReport::removed);
    py::class_<pipeline::BuiltLayer>(module, "BuiltLayer", "One layer that a build put on a base.")
        .def_readonly("title", &pipeline::BuiltLayer::title)
        .def_property_readonly("digest",
                               [](const pipeline::BuiltLayer& l) { return l.digest.to_string(); })
        .def_property_readonly("diff_id",
                               [](const pipeline::BuiltLayer& l) { return l.diff_id.to_string(); })
        .def_readonly("size", &pipeline::BuiltLayer::size)
        .def("__repr__", [](const pipeline::BuiltLayer& l) {
            return "<BuiltLayer " + l.title + ", " + std::to_string(l.size) + " bytes>";
        });
    py::class_<pipeline::CopiedLibrary>(module, "CopiedLibrary",
                                        "A shared library that a build copied into an image.")
        .def_readonly("path", &pipeline::CopiedLibrary::path)
        .def_readonly("needed_by", &pipeline::CopiedLibrary::needed_by)
        .def_property_readonly("source",
                               [](const pipeline::CopiedLibrary& l) { return l.source.string(); })
        .def("__repr__", [](const pipeline::CopiedLibrary& l) {
            return "<CopiedLibrary " + l.path + " for " + l.needed_by + ">";
        });
    py::class_<pipeline::StartupHook>(module, "StartupHook",
                                      "A file of a package that every start of Python uses.")
        .def_property_readonly(
            "package", [](const pipeline::StartupHook& h) { return text_if_any(h.package); })
        .def_property_readonly(
            "version", [](const pipeline::StartupHook& h) { return text_if_any(h.version); })
        .def_readonly("kind", &pipeline::StartupHook::kind)
        .def_readonly("path", &pipeline::StartupHook::path)
        .def("__repr__", [](const pipeline::StartupHook& h) {
            return "<StartupHook " + h.path + " (" + h.kind + ")>";
        });
    py::class_<pipeline::BuildReport>(module, "BuildReport",
                                      "What a build made; returned by envpack.build().")
        .def_readonly("output", &pipeline::BuildReport::output)
        .def_property_readonly("digest",
                               [](const pipeline::BuildReport& r) { return r.digest.to_string(); })
        .def_property_readonly(
            "base_digest", [](const pipeline::BuildReport& r) { return r.base_digest.to_string(); })
        .def_readonly("layers", &pipeline::BuildReport::layers)
        .def_readonly("libraries", &pipeline::BuildReport::libraries)
        .def_readonly("startup_hooks", &pipeline::BuildReport::startup_hooks)
        .def_readonly("notes", &pipeline::BuildReport::notes)
        .def(
            "to_dict", [](const pipeline::BuildReport& r) { return to_python(r.to_json()); },
            "The document that `envpack build --format json` prints.")
        .def("_repr_html_",
             [](const pipeline::BuildReport& r) -> py::object {
                 return py::module_::import("envpack._notebook").attr("build_html")(py::cast(r));
             })
        .def("__repr__", [](const pipeline::BuildReport& r) {
            return "<BuildReport " + r.output + " " + r.digest.to_string() + ">";
        });
}

}  // namespace

void bind_pipeline(py::module_& module) {
    py::class_<pipeline::IndexOptions>(module, "IndexOptions", "Where packages come from.")
        .def(py::init([](std::optional<std::string> index_url, Texts extra_index_urls,
                         Texts find_links, bool no_index, const std::string& index_strategy,
                         const std::map<std::string, std::string>& index_pins, bool offline,
                         const std::optional<std::string>& keyring_provider) {
                 pipeline::IndexOptions options{
                     .index_url = std::move(index_url),
                     .extra_index_urls = std::move(extra_index_urls),
                     .find_links = std::move(find_links),
                     .no_index = no_index,
                     .strategy = value_or_raise(index::parse_index_strategy(index_strategy)),
                     .offline = offline};
                 if (keyring_provider) {
                     options.keyring =
                         value_or_raise(pipeline::parse_keyring_provider(*keyring_provider));
                 }
                 for (const auto& [name, url] : index_pins) {
                     options.pins.push_back(name + "=" + url);
                 }
                 return options;
             }),
             py::kw_only(), py::arg("index_url") = py::none(),
             py::arg("extra_index_urls") = Texts(), py::arg("find_links") = Texts(),
             py::arg("no_index") = false, py::arg("index_strategy") = "first-index",
             py::arg("index_pins") = std::map<std::string, std::string>(),
             py::arg("offline") = false, py::arg("keyring_provider") = py::none());

    bind_index_url(module);
    bind_resolve_options(module);

    py::class_<pipeline::BuildOptions>(module, "BuildOptions", "What to build, and how.")
        .def(py::init([](std::filesystem::path input, std::string output,
                         std::optional<std::string> base, const std::string& layout,
                         std::string prefix,
                         const std::vector<std::pair<std::filesystem::path, std::string>>& add,
                         bool with_libs, std::map<std::string, std::string> env,
                         std::map<std::string, std::string> labels,
                         std::map<std::string, std::string> annotations, Texts ports, Texts volumes,
                         const std::string& compression, bool estargz,
                         std::optional<std::string> user, std::optional<std::string> workdir,
                         std::optional<Texts> entrypoint, std::optional<Texts> cmd,
                         bool constraints, bool dedupe, bool tests, bool no_cache, bool no_build,
                         Paths sbom, std::optional<std::filesystem::path> provenance,
                         pipeline::IndexOptions indexes) {
                 std::vector<pipeline::AddedPath> added;
                 for (const auto& [source, destination] : add) {
                     added.push_back({.source = source, .destination = destination});
                 }
                 return pipeline::BuildOptions{
                     .input = std::move(input),
                     .output = std::move(output),
                     .base = std::move(base),
                     .layout = value_or_raise(pipeline::build_layout_named(layout)),
                     .prefix = std::move(prefix),
                     .add = std::move(added),
                     .with_libs = with_libs,
                     .env = std::move(env),
                     .labels = std::move(labels),
                     .annotations = std::move(annotations),
                     .ports = std::move(ports),
                     .volumes = std::move(volumes),
                     .compression = value_or_raise(archive::compression_named(compression)),
                     .estargz = estargz,
                     .user = std::move(user),
                     .working_dir = std::move(workdir),
                     .entrypoint = std::move(entrypoint),
                     .cmd = std::move(cmd),
                     .constraints = constraints,
                     .dedupe = dedupe,
                     .tests = tests,
                     .no_cache = no_cache,
                     .no_build = no_build,
                     .sbom = std::move(sbom),
                     .provenance = std::move(provenance),
                     .indexes = std::move(indexes)};
             }),
             py::arg("input"), py::arg("output"), py::kw_only(), py::arg("base"), py::arg("layout"),
             py::arg("prefix"), py::arg("add"), py::arg("with_libs"), py::arg("env"),
             py::arg("labels"), py::arg("annotations"), py::arg("ports"), py::arg("volumes"),
             py::arg("compression"), py::arg("estargz"), py::arg("user"), py::arg("workdir"),
             py::arg("entrypoint"), py::arg("cmd"), py::arg("constraints"), py::arg("dedupe"),
             py::arg("tests"), py::arg("no_cache"), py::arg("no_build"), py::arg("sbom"),
             py::arg("provenance"), py::arg("indexes"));

    bind_reports(module);
    module.def("freeze", &freeze, py::arg("source"), py::arg("python"), py::arg("exclude"),
               py::arg("pin"), py::arg("used_by"), py::arg("check"), py::arg("progress"),
               "See envpack.freeze().");
    module.def("resolve", &resolve, py::arg("options"), py::arg("progress"),
               "See envpack.resolve().");
    module.def("strip", &strip, py::arg("requirements"), py::arg("base"), py::arg("python"),
               py::arg("progress"), "See envpack.strip().");
    module.def("build", &build, py::arg("options"), py::arg("progress"), "See envpack.build().");
}

}  // namespace envpack::python
