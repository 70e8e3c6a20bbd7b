#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <string>
#include <vector>

namespace envpack::wheel {

/// An empty virtual environment that is to exist in an image.
struct VenvOptions {
    SafePath prefix;                   ///< opt/venv; not the root
    std::string base_interpreter;      ///< absolute in the image: /usr/bin/python3.11
    std::string python_version;        ///< "3.11.7"; at least major and minor
    bool system_site_packages = true;  ///< sees the packages of the base image
};

/// What `python -m venv --without-pip` makes on 64-bit Linux (PEP 405): pyvenv.cfg, the links
/// bin/python (to the base interpreter), bin/python3, bin/python3.N and lib64, and the empty
/// folders include and site-packages, from the prefix down. Sorted bytewise by path. The activate
/// scripts are left out: in an image, PATH does their work. Fails with invalid_argument.
Result<std::vector<archive::PlannedEntry>> plan_venv(const VenvOptions& options);

}  // namespace envpack::wheel
