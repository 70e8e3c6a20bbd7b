#include "output.hpp"

#include "envpack/base/file.hpp"

#include <cstdio>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace envpack::cli {

Result<void> print(std::string_view text) {
    const FileHandle out(::dup(STDOUT_FILENO));
    return HandleSink(out, "standard output").write(as_bytes(text));
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
