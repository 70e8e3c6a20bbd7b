#include "bind.hpp"

namespace py = pybind11;

// PYBIND11_MODULE takes the tag for the free-threaded interpreter since 2.13 only.
#if PYBIND11_VERSION_HEX >= 0x020D0000
PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
#else
PYBIND11_MODULE(_core, module) {
#endif
    module.doc() = "Native part of envpack; use the modules of the package envpack instead.";
    module.attr("__version__") = ENVPACK_VERSION;
    envpack::python::bind_packaging(module);
    envpack::python::bind_env(module);
    envpack::python::bind_pipeline(module);
    envpack::python::bind_images(module);
    envpack::python::bind_install(module);
    envpack::python::bind_doctor(module);
}
