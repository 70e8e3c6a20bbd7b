#pragma once

#include "envpack/base/result.hpp"

#include <map>
#include <string>
#include <string_view>

namespace envpack::index {

/// Section → key → value.
using IniFile = std::map<std::string, std::map<std::string, std::string>>;

/// As Python's configparser.RawConfigParser reads it with its defaults: `=` or `:` between key and
/// value, whole-line comments with `#` or `;`, indented lines continue a value, keys in lower case,
/// `[DEFAULT]` holds for every section. parse_error with the line where it refuses.
Result<IniFile> parse_ini(std::string_view text);

}  // namespace envpack::index
