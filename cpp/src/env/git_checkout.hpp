#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/packaging/direct_url.hpp"

#include <optional>

namespace envpack::env {

/// Whether a repository keeps its state in this file, so that read_git_checkout() may open it:
/// `.git`, and HEAD, config, packed-refs, commondir and everything in refs below a folder `.git`.
bool is_git_state(const SafePath& path) noexcept;

/// What `pip freeze` would say about the checkout that holds `folder`: URL of the remote, commit
/// of HEAD, and the subdirectory when `folder` is not the root of the checkout. nullopt when it is
/// in none, has no commit, or no remote that others can reach. Git is not run: changes in the
/// checkout are not seen. Linked work trees and submodules are followed, reftables are not.
/// Source: gitrepository-layout(5).
Result<std::optional<packaging::DirectUrl>> read_git_checkout(const archive::FileTree& tree,
                                                              const SafePath& folder);

}  // namespace envpack::env
