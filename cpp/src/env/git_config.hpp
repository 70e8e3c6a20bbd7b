#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace envpack::env {

/// The URL that a clone of the repository would start from: that of the remote `origin`, else of
/// the first remote; nullopt when there is none. `include` and `insteadOf` are not followed.
/// Source: git-config(1), "Syntax".
std::optional<std::string> git_remote_url(std::string_view config);

/// A remote as the URL behind `git+` in a requirement, without user and password: `git@host:o/r`
/// becomes `ssh://git@host/o/r` (PEP 610 keeps that user). nullopt for a path, a file URL, a
/// transport that installers do not know, and for what is no URL.
std::optional<std::string> shared_git_url(std::string_view remote);

}  // namespace envpack::env
