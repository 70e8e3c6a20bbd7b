#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace envpack::packaging {

/// A script that an installer generates: `name = module:attribute [extras]`.
/// Value; not synchronised.
struct EntryPoint {
    std::string name;                      ///< a plain file name
    std::string module;                    ///< dotted identifiers
    std::string attribute;                 ///< dotted identifiers; a script always has one
    std::vector<std::string> extras = {};  ///< as written; ignored by installers

    std::string to_string() const;  ///< "name = module:attribute [extra,…]"
    friend bool operator==(const EntryPoint&, const EntryPoint&) = default;
};

/// The scripts of entry_points.txt (PyPA "Entry points specification"). Other groups are read by
/// programs at run time and do not matter for an install; only their syntax is checked.
/// Value; not synchronised.
struct EntryPoints {
    std::vector<EntryPoint> console_scripts = {};  ///< in file order
    std::vector<EntryPoint> gui_scripts = {};

    /// parse_error with a rule, because names become paths and targets become code:
    /// entry-points.syntax, entry-points.bad-name (not `[\w.-]+`, or `.` or `..`),
    /// entry-points.bad-target, entry-points.duplicate-name (also across the two groups).
    static Result<EntryPoints> parse(std::string_view text, const Limits& limits = {});
    std::string to_string() const;  ///< parse(to_string()) gives the same value

    friend bool operator==(const EntryPoints&, const EntryPoints&) = default;
};

}  // namespace envpack::packaging
