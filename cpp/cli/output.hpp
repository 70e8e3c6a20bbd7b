#pragma once

#include "envpack/base/result.hpp"

#include <string>
#include <string_view>

namespace envpack::cli {

/// To standard output; io_error when that is closed or full.
Result<void> print(std::string_view text);

/// To `path`, whole or not at all; to standard output when it is empty or `-`.
Result<void> write_output(const std::string& path, std::string_view text);

/// "error: …" on standard error.
void print_error(const Error& error);

}  // namespace envpack::cli
