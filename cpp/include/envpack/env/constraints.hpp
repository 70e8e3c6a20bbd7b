#pragma once

#include "envpack/env/inventory.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/version.hpp"

#include <string>
#include <vector>

namespace envpack::env {

/// `name==version`, with the local part of the version.
struct Pin {
    packaging::PackageName name;
    packaging::Version version;
    std::string to_string() const;
    friend bool operator==(const Pin&, const Pin&) = default;
};

/// An installed package without a pin.
struct LeftOut {
    std::string name;         ///< normalised where possible
    std::string raw_version;  ///< empty when unknown
    std::string reason;       ///< "not a PEP 440 version (Debian), cannot be constrained"
    friend bool operator==(const LeftOut&, const LeftOut&) = default;
};

struct ConstraintsOptions {
    bool include_installers = false;   ///< pip, setuptools, wheel, uv and distribute too
    std::string envpack_version = {};  ///< named in the header
};

/// The pins that every later step must respect. Value; not synchronised.
struct Constraints {
    std::vector<std::string> header = {};  ///< comment lines without `#`
    std::vector<Pin> pins = {};            ///< sorted by name
    std::vector<LeftOut> left_out = {};    ///< sorted by name

    /// A file that pip and uv read: pins only, every left-out package as a comment that says why,
    /// sorted by name, LF, UTF-8, no time stamp. Same inventory, same bytes.
    std::string to_text() const;
    friend bool operator==(const Constraints&, const Constraints&) = default;
};

Constraints constraints_from(const Inventory& inventory, const ConstraintsOptions& options = {});

}  // namespace envpack::env
