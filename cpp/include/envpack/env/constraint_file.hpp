#pragma once

#include "envpack/packaging/package_name.hpp"

#include <string>
#include <vector>

namespace envpack::env {

/// A constraints file that a base already has, beside what is installed there. pip joins all
/// constraints files, so two that disagree make every install of that name fail.
/// Value; not synchronised.
struct ConstraintFile {
    /// The file wants something else than what is installed.
    struct Difference {
        packaging::PackageName name;
        std::string installed;  ///< version as installed
        std::string line;       ///< "numpy==1.24.4"
        friend bool operator==(const Difference&, const Difference&) = default;
    };
    /// A line about a package that is not installed.
    struct Further {
        packaging::PackageName name;
        std::string line;
        friend bool operator==(const Further&, const Further&) = default;
    };

    std::string path;    ///< "/etc/pip/constraint.txt"
    std::string origin;  ///< what names it: "pip" (PIP_CONSTRAINT, pip.conf) or "uv"
    std::vector<packaging::PackageName> same = {};  ///< installed as the file wants
    std::vector<Further> only_in_file = {};
    std::vector<packaging::PackageName> only_installed = {};
    std::vector<Difference> different = {};
    friend bool operator==(const ConstraintFile&, const ConstraintFile&) = default;
};

}  // namespace envpack::env
