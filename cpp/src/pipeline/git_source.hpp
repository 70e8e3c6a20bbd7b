#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace envpack::pipeline {

/// Checks `revision` (a branch, tag or commit; empty: the default branch) of the repository at
/// `url` out into `folder`, which must not exist, with its submodules, and returns the full commit
/// id. Through the git of this machine, which knows the user's credentials; it never asks for any.
/// `offline`: only from a repository on this machine. not_found without git; network_error, with
/// git's own words, when it fails.
Result<std::string> check_out(const std::string& url, const std::string& revision,
                              const std::filesystem::path& folder, const UserConfig& user,
                              bool offline, const RunContext& run);

/// A commit id in full: 40 hex digits, or 64 in repositories with sha256.
bool is_full_commit(std::string_view revision) noexcept;

}  // namespace envpack::pipeline
