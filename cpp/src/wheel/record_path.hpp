#pragma once

#include "envpack/base/safe_path.hpp"

#include <string>

namespace envpack::wheel {

/// `path` as RECORD writes it, relative to the folder `site` that holds the dist-info folder:
/// `numpy/core.py`, `../../../bin/f2py`.
std::string record_path(const SafePath& site, const SafePath& path);

}  // namespace envpack::wheel
