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

/// pip, setuptools, wheel, uv and distribute: pinned, installers fight with themselves.
bool is_installer(const packaging::PackageName& name);

struct ConstraintsOptions {
    bool include_installers = false;  ///< pip, setuptools, wheel, uv and distribute too
    /// `name===version` where the version is not of PEP 440. pip before 24.1 reads it; uv refuses
    /// the whole file.
    bool exact_legacy = false;
    bool keep_editable = false;        ///< `-e PATH` in requirements; never in constraints
    std::string envpack_version = {};  ///< named in the header
};

/// A line of a constraints file that is no pin of ours.
struct ForeignLine {
    packaging::PackageName name;
    std::string text;    ///< "numpy<2"
    std::string origin;  ///< for a comment: "from /etc/pip/constraint.txt"
    friend bool operator==(const ForeignLine&, const ForeignLine&) = default;
};

/// What is said of a package in a file of its own.
struct IncludedFile {
    packaging::PackageName name;
    std::string path;  ///< relative to the folder of the file that includes it
    friend bool operator==(const IncludedFile&, const IncludedFile&) = default;
};

/// The pins that every later step must respect. Value; not synchronised.
struct Constraints {
    std::vector<std::string> header = {};  ///< comment lines without `#`
    std::vector<Pin> pins = {};            ///< sorted by name
    /// Further lines: `name===version`, and what only the base's own constraint files say (pip
    /// joins all files, so one merged file says the same). Sorted by name.
    std::vector<ForeignLine> lines = {};
    std::vector<LeftOut> left_out = {};       ///< sorted by name
    std::vector<IncludedFile> included = {};  ///< in the text `-c PATH`, as pip and uv read it

    /// A file that pip and uv read: pins and further lines, every left-out package as a comment
    /// that says why, sorted by name, LF, UTF-8, no time stamp. Same inventory, same bytes.
    std::string to_text() const;
    /// Takes out what is said of one package, to be kept in a file of its own at `path`, relative
    /// to the folder of this one.
    Constraints move_out(const packaging::PackageName& name, std::string path);
    friend bool operator==(const Constraints&, const Constraints&) = default;
};

Constraints constraints_from(const Inventory& inventory, const ConstraintsOptions& options = {});

}  // namespace envpack::env
