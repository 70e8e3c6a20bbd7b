#include "output.hpp"

#include "envpack/base/file.hpp"

#include <cerrno>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace envpack::cli {

Result<void> print(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() ||
        std::fflush(stdout) != 0) {
        return fail(os_failure("write", "standard output", errno));
    }
    return {};
}

Result<void> write_output(const std::string& path, std::string_view text) {
    return path.empty() || path == "-" ? print(text) : write_file(path, text);
}

void add_report_format(CLI::App& verb, std::string& format) {
    verb.add_option("--format", format, "How to report")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
}

void print_error(const Error& error) {
    const std::string text = fmt::format("error: {}\n", error.render());
    std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace envpack::cli
