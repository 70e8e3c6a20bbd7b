#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/result.hpp"
#include "envpack/wheel/install_scheme.hpp"

#include <span>
#include <string>
#include <vector>

namespace envpack::wheel {

/// A file of a distribution that takes part in every start of Python, imported or not. Value; not
/// synchronised.
struct StartupHook {
    /// `pth`: adds folders to sys.path; `pth-code`: runs code too, or is too long to tell;
    /// `sitecustomize`, `usercustomize`: is imported.
    std::string kind;
    std::string path;
    friend bool operator==(const StartupHook&, const StartupHook&) = default;
};

/// Those among `entries`, in their order: in the site directories of `scheme`, and of modules in
/// the folder of the standard library as well. Of path files the text is read. Fails where one
/// cannot be.
Result<std::vector<StartupHook>> startup_hooks(std::span<const archive::PlannedEntry> entries,
                                               const InstallScheme& scheme);

}  // namespace envpack::wheel
