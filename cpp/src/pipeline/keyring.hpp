#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/http/url.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <string>

namespace envpack::pipeline {

/// `url` with the name and password that the `keyring` command of this machine knows for it, or for
/// its host, as pip and uv ask: `keyring get` where the URL has a name, `keyring --mode creds get`
/// where it has none. The same URL when it has a password already, is not http or https, or nothing
/// is known. Notes, and goes on without, when there is no such command. What the command prints is
/// shown to nobody.
Result<http::Url> with_keyring(const http::Url& url, const UserConfig& user, const RunContext& run);

}  // namespace envpack::pipeline
