#pragma once

#include "envpack/base/result.hpp"
#include "envpack/packaging/requirements_file.hpp"

#include <string_view>

namespace envpack::packaging {

/// The value of `-e`: a folder, a version control URL, or `name @ url`.
Result<RequirementLine> parse_editable_argument(std::string_view text);

/// Begins with a scheme that pip fetches from: https, file, git+ssh, …
bool is_url(std::string_view text);

}  // namespace envpack::packaging
