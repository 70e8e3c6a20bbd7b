#pragma once

#include <string_view>

namespace envpack::packaging {

/// Begins with a scheme that pip fetches from: https, file, git+ssh, …
bool is_url(std::string_view text);

}  // namespace envpack::packaging
