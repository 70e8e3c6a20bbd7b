#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace envpack::wheel {

/// Where the parts of a wheel go (sysconfig's install paths), relative to the image's root.
/// Value; not synchronised.
struct InstallScheme {
    SafePath purelib;         ///< opt/venv/lib/python3.11/site-packages
    SafePath platlib;         ///< equal to purelib in a virtual environment
    SafePath scripts;         ///< opt/venv/bin
    SafePath data;            ///< opt/venv
    SafePath headers;         ///< opt/venv/include/site/python3.11; the project's name is added
    std::string interpreter;  ///< for shebangs, absolute in the image: /opt/venv/bin/python
    std::uint32_t python_major = 3;
    std::uint32_t python_minor = 0;

    friend bool operator==(const InstallScheme&, const InstallScheme&) = default;
};

/// The scheme of a CPython virtual environment (PEP 405) at `prefix` on Linux, as pip uses it.
/// `prefix` must not be the root.
Result<InstallScheme> venv_scheme(const SafePath& prefix, std::uint32_t python_major,
                                  std::uint32_t python_minor);

/// The same on this machine: paths relative to the prefix, of an environment or of a Python that
/// keeps its packages in `lib/<library>/site-packages`. `library` is "python3.11", with a `t` for a
/// free-threaded build; `interpreter` is an absolute path.
InstallScheme prefix_scheme(std::string interpreter, std::string_view library, bool is_venv,
                            std::uint32_t python_major, std::uint32_t python_minor);

}  // namespace envpack::wheel
