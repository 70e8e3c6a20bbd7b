#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Versions of a library's files: in their names, and in #define lines of its header.

namespace envpack::env {

/// The value of `#define NAME value`; none when there is no such line or it is no number.
std::optional<unsigned> defined_number(std::string_view header, std::string_view name);

/// `9.1.0` of the three names, of which the last may be missing; empty when the others are not
/// there.
std::string defined_version(std::string_view header, const std::array<std::string_view, 3>& names);

/// A file of a folder, and the version in its name.
struct VersionedLibrary {
    std::string path;     ///< absolute, as a process of the tree sees it
    std::string version;  ///< `12.4.127` of `libcudart.so.12.4.127`: at least two numbers
};

/// The first file with a version among the folders, which are searched in order; none when there is
/// none.
Result<std::optional<VersionedLibrary>> find_library(const archive::FileTree& tree,
                                                     const std::vector<SafePath>& folders,
                                                     std::string_view name);

}  // namespace envpack::env
