#pragma once

#include "envpack/env/package_provider.hpp"

#include <string>
#include <vector>

namespace envpack::env {

/// A package of the base that a resolution has in another version. Value; not synchronised.
struct ReplacedPackage {
    packaging::PackageName name;
    std::string from;  ///< as the base has it; need not be PEP 440
    packaging::Version to;
    /// Base packages that stay and whose requirement the base's version fulfils, the other not.
    std::vector<std::string> breaks = {};
    /// Packages of the base's torch stack, when this is one: compiled against the base's version.
    std::vector<std::string> built_against = {};
    /// Of Debian or distutils: the base's files stay, and the other has to come before them.
    bool is_shadow = false;

    /// "numpy 2.1.0 takes the place of the base's 1.24.4; breaks a, b".
    std::string to_string() const;
};

/// What `resolution`, one of `provider`, replaces in the base, by name.
std::vector<ReplacedPackage> replaced_packages(const PackageProvider& provider,
                                               const resolver::Resolution& resolution);

/// The first five names, and how many more.
std::string names_text(const std::vector<std::string>& names);

}  // namespace envpack::env
