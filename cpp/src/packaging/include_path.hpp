#pragma once

#include <string>
#include <string_view>

namespace envpack::packaging {

/// http, https or file, the schemes that a requirements file can be read from.
bool is_file_url(std::string_view text) noexcept;

/// What `-r included` means inside the file `including`: relative to its folder or URL. Dots are
/// resolved by text, so that one file has one spelling.
std::string join_include_path(std::string_view including, std::string_view included);

}  // namespace envpack::packaging
