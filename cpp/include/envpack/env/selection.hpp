#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/python_imports.hpp"
#include "envpack/packaging/package_name.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace envpack::env {

/// Which packages a list is to hold.
enum class PinScope : std::uint8_t {
    all,
    binary,       ///< those with machine code, and what they need
    torch_stack,  ///< torch, its family, and packages with machine code that it needs or that need
                  ///< it
};

/// Imports of a project's files. Value; not synchronised.
struct ProjectImports {
    struct File {
        std::string path;  ///< as messages name it
        std::vector<PythonImport> imports = {};
    };
    std::string project = {};           ///< as the user named it
    std::vector<File> files = {};       ///< sorted by path
    std::vector<std::string> own = {};  ///< top-level modules of the project itself, sorted
};

struct SelectionOptions {
    std::vector<packaging::PackageName> exclude = {};
    PinScope pin = PinScope::all;
    std::optional<ProjectImports> used_by = std::nullopt;
};

/// Moves what is not selected from Inventory::packages to Inventory::dropped, with the reason. An
/// import that no package and not the standard library brings, and an excluded name that is not
/// installed, become problems (`unknown-import`, `unknown-exclude`).
Result<void> select_packages(Inventory& inventory, const archive::FileTree& tree,
                             const SelectionOptions& options, const RunContext& run);

}  // namespace envpack::env
