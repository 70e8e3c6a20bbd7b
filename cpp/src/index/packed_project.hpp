#pragma once

#include "envpack/index/package_index.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace envpack::index {

// A page after it was read, as bytes for the cache: reading the JSON of a large page takes thirty
// times as long as reading this. Its links are checked, their URLs resolved.

/// Of a cached page whose body is a packed project. The number changes with the format.
inline constexpr std::string_view packed_content_type = "application/x-envpack-project-2";

std::string pack_project(const Project& project);

/// nullopt for bytes that are no packed project: a cache is input from outside, so every length is
/// checked before anything is made of it. A file is read when it is looked at; one that is damaged
/// has an empty name then.
std::optional<Project> unpack_project(SharedText bytes, const packaging::PackageName& name);

}  // namespace envpack::index
