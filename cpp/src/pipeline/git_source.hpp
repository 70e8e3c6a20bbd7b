#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <filesystem>
#include <string>

namespace envpack::pipeline {

/// Checks `revision` (a branch, tag or commit; empty: the default branch) of the repository at
/// `url` out into `folder`, which must not exist, with its submodules, and returns the full commit
/// id. Through the git of this machine, which knows the user's credentials; it never asks for any.
/// not_found without git; network_error, with git's own words, when it fails.
Result<std::string> check_out(const std::string& url, const std::string& revision,
                              const std::filesystem::path& folder, const UserConfig& user,
                              const RunContext& run);

}  // namespace envpack::pipeline
