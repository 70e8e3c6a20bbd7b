#pragma once

#include "envpack/base/json.hpp"

#include <pybind11/pybind11.h>

namespace envpack::python {

/// The document as Python's json module reads it.
inline pybind11::object to_python(const json::Value& value) {
    return pybind11::module_::import("json").attr("loads")(json::to_canonical(value));
}

}  // namespace envpack::python
