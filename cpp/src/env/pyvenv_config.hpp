#pragma once

#include <string>
#include <string_view>

namespace envpack::env {

/// pyvenv.cfg of a virtual environment, the keys that count. Source: PEP 405; CPython getpath.py.
/// Value; not synchronised.
struct PyvenvConfig {
    std::string home = {};     ///< folder of the base's executable, as written
    std::string version = {};  ///< "3.11.2" from `version` or `version_info`; empty when absent
    bool system_site_packages = false;
};

/// Lines without `=` are ignored, keys in any case.
PyvenvConfig parse_pyvenv_config(std::string_view text);

}  // namespace envpack::env
