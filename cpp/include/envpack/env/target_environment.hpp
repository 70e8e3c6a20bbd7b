#pragma once

#include "envpack/base/result.hpp"
#include "envpack/env/interpreter.hpp"
#include "envpack/packaging/marker.hpp"
#include "envpack/packaging/tag.hpp"

namespace envpack::env {

/// The variables of PEP 508 for `python` on Linux. platform_release and platform_version describe a
/// running kernel, which a tree does not have: they are empty texts. implementation_version is
/// that of CPython, equal to python_full_version.
packaging::MarkerEnvironment marker_environment(const Interpreter& python);

/// What wheels must fit. unsupported, with a hint, when machine or C library of `python` are
/// unknown (a virtual environment whose base is elsewhere) or it is older than Python 3.
Result<packaging::TagTarget> tag_target(const Interpreter& python);

/// `python` as a target that is only described: the host or a lock, rather than a tree.
/// `full_version` is "3.11" or "3.11.2", `libc` "glibc 2.36".
Result<Interpreter> described_interpreter(std::string_view full_version, std::string_view machine,
                                          std::string_view libc);

}  // namespace envpack::env
