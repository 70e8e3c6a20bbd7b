#pragma once

#include "envpack/base/json.hpp"
#include "envpack/base/result.hpp"

#include <string>
#include <string_view>

namespace CLI {
class App;
}

namespace envpack::cli {

/// To standard output; io_error when that is closed or full.
Result<void> print(std::string_view text);

/// To `path`, whole or not at all; to standard output when it is empty or `-`.
Result<void> write_output(const std::string& path, std::string_view text);

/// A report of the pipeline in the format that was asked for.
template <class Report>
Result<void> print_report(const Report& report, std::string_view format) {
    return print(format == "json" ? json::to_pretty(report.to_json()) : report.to_text());
}

/// The option --format of verbs that print_report().
void add_report_format(CLI::App& verb, std::string& format);

/// "error: …" on standard error.
void print_error(const Error& error);

}  // namespace envpack::cli
