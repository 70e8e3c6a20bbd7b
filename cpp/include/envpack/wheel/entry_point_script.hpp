#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/entry_points.hpp"
#include "envpack/wheel/install_scheme.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace envpack::wheel {

/// A command made for an entry point: the name of a file in the scripts folder, mode 0755.
struct EntryPointScript {
    std::string name;
    std::string text;
};

/// The commands for `console_scripts` and `gui_scripts` (the same thing on Linux), sorted by name.
/// `pip = …` also gives pip3 and pip3.<minor>, replacing what pip's own wheel lists, as installers
/// do. Names and targets were checked by EntryPoints::parse(). Fails only as shebang() does.
Result<std::vector<EntryPointScript>> entry_point_scripts(const packaging::EntryPoints& points,
                                                          const InstallScheme& scheme);

}  // namespace envpack::wheel
