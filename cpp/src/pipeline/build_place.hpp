#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/env/interpreter.hpp"
#include "envpack/oci/image_config.hpp"
#include "envpack/pipeline/build.hpp"
#include "envpack/wheel/install_scheme.hpp"

#include <optional>
#include <string>
#include <vector>

// BuildLayout, worked out for one base.

namespace envpack::pipeline {

/// Where packages go in the image, and whose the files are. Value; not synchronised.
struct BuildPlace {
    BuildLayout layout = BuildLayout::venv;
    SafePath prefix = {};                ///< of commands and data: opt/venv
    wheel::InstallScheme scheme = {};    ///< empty without a Python
    bool is_environment = true;          ///< PATH and VIRTUAL_ENV are to name the prefix
    bool makes_environment = true;       ///< it is not in the base already
    std::optional<std::string> user;     ///< of the layout, where the options name none
    std::optional<std::string> workdir;  ///< the same, absolute

    /// What belongs to the layout beside the environment: its folder for content.
    std::vector<archive::PlannedEntry> own_entries() const;

    /// Gives entries the owner and the modes of the layout: those at the prefix and below it, or
    /// with `all` every one. The folders from the prefix down are added, so that they have both.
    void settle(std::vector<archive::PlannedEntry>& entries, bool all) const;
};

/// `python` is null where the base has none, or none is needed. invalid_argument for a prefix that
/// is no absolute path below `/`, and where the options do not go together.
Result<BuildPlace> place_for(const BuildOptions& options, const archive::FileTree& base,
                             const env::Interpreter* python);

/// The working folder that the image will have, absolute.
std::string working_folder(const BuildOptions& options, const BuildPlace& place,
                           const oci::ImageConfig& base);

}  // namespace envpack::pipeline
