#pragma once

#include "envpack/base/result.hpp"

#include <utility>

#include <pybind11/pybind11.h>

namespace envpack::python {

/// Raises the Python class of `error` (the table in envpack/errors.py). `parse_class` names the
/// class for a parse_error, such as "InvalidVersion". The GIL must be held.
[[noreturn]] void raise(const Error& error, const char* parse_class = "ParseError");

/// The value, or the exception.
template <class T>
T value_or_raise(Result<T> result, const char* parse_class = "ParseError") {
    if (!result) {
        raise(result.error(), parse_class);
    }
    if constexpr (!std::is_void_v<T>) {
        return *std::move(result);
    }
}

}  // namespace envpack::python
