#include "errors.hpp"

#include <string>

namespace py = pybind11;

namespace envpack::python {

void raise(const Error& error, const char* parse_class) {
    py::dict details;
    details["rule"] = std::string(error.rule());
    details["hint"] = std::string(error.hint());
    details["path"] = std::string(error.path());
    if (const Error::Span* span = error.span()) {
        details["text"] = span->input;
        details["offset"] = span->offset;
        details["length"] = span->length;
    }
    if (const auto status = error.http_status()) {
        details["status"] = *status;
    }
    if (const auto number = error.os_error()) {
        details["errno"] = *number;
    }
    const py::object exception = py::module_::import("envpack.errors")
                                     .attr("_from_native")(std::string(to_string(error.code())),
                                                           parse_class, error.render(), details);
    PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(exception.ptr())), exception.ptr());
    throw py::error_already_set();
}

}  // namespace envpack::python
