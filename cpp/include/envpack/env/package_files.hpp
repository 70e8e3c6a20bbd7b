#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/inventory.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::env {

/// What a distribution brings along. Value; not synchronised.
struct PackageFiles {
    /// Modules by full name, sorted: `numpy`, `numpy.linalg`.
    std::vector<std::string> modules = {};
    /// Modules of which only the top is known, everything below them included.
    std::vector<std::string> whole_modules = {};
    bool compiled = false;  ///< has files of machine code (`*.so`)
};

/// The files of each package of the inventory, in its order: by RECORD (PEP 376) or
/// installed-files.txt; else by top_level.txt, the folder of an editable install, or the name, with
/// a look at what is there under it. A list that cannot be read counts as none.
Result<std::vector<PackageFiles>> package_files(const archive::FileTree& tree,
                                                const Inventory& inventory, const RunContext& run);

/// Whether package_files() may read the content of this file, as inventory_wants().
bool package_files_want(const SafePath& path, const archive::FileInfo& info);

/// Which packages bring a module. Immutable.
class ModuleOwners {
public:
    /// `files` as package_files() gives them.
    explicit ModuleOwners(const std::vector<PackageFiles>& files);

    /// The packages, by index, ascending, that bring `module`, or a part of it where it is a
    /// namespace (PEP 420); of a module nobody lists, those of its nearest parent.
    std::vector<std::size_t> owners(std::string_view module) const;

private:
    std::vector<std::size_t> exactly(std::string_view module) const;

    std::vector<std::pair<std::string, std::size_t>> modules_;  ///< sorted
    std::vector<std::pair<std::string, std::size_t>> whole_;    ///< sorted
};

}  // namespace envpack::env
