#pragma once

#include <pybind11/pybind11.h>

namespace envpack::python {

// Each adds the classes and functions of one library to the module, or of a part of it.
void bind_packaging(pybind11::module_& module);
void bind_env(pybind11::module_& module);
void bind_pipeline(pybind11::module_& module);
void bind_images(pybind11::module_& module);
void bind_install(pybind11::module_& module);
void bind_doctor(pybind11::module_& module);

}  // namespace envpack::python
