#pragma once

#include <string>

namespace envpack::pipeline {

/// A file that a build or an install puts where every start of Python uses it, whether its package
/// is imported or not. Value; not synchronised.
struct StartupHook {
    std::string package;  ///< that brings it: "setuptools"; empty: no distribution lists it
    std::string version;  ///< of the package
    /// `pth`: adds folders to sys.path; `pth-code`: runs code too, or is too long to tell;
    /// `sitecustomize`, `usercustomize`: is imported.
    std::string kind;
    std::string path;  ///< absolute: in the image, or on this machine
    friend bool operator==(const StartupHook&, const StartupHook&) = default;
};

}  // namespace envpack::pipeline
