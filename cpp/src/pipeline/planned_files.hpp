#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/packaging/package_name.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace envpack::pipeline {

/// A package that a build puts onto a base.
struct AddedPackage {
    packaging::PackageName name;
    std::string version;
};

/// The files that one distribution brings, or one layer will hold.
struct PlannedFiles {
    std::string title;  ///< "numpy 2.1.0"
    std::vector<archive::PlannedEntry> entries = {};
    /// The sha256 of the wheels, verified when they were opened, that all bytes come from which
    /// envpack does not write itself; nullopt where others come from files of this machine.
    std::optional<std::vector<Digest>> wheels = std::nullopt;
    std::vector<AddedPackage> packages = {};  ///< that the files are of
    bool is_rest = false;                     ///< of all that has no layer of its own
    bool is_unowned = false;  ///< of an environment: what no distribution of it lists

    std::uint64_t size() const;  ///< of all contents, plain bytes
    /// Takes the entries of `other`, its packages, and what they come from.
    void take(PlannedFiles&& other);
};

}  // namespace envpack::pipeline
