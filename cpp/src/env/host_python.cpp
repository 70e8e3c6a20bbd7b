#include "envpack/env/host_python.hpp"

#include "describe_interpreter.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/process.hpp"
#include "envpack/base/text.hpp"

#include <string_view>
#include <system_error>
#include <vector>

namespace envpack::env {
namespace {

/// Asks the program at `path` which interpreter it starts; a path below `/`.
Result<SafePath> ask(const std::filesystem::path& path, const RunContext& run) {
    constexpr std::string_view script =
        "import json, sys; print(json.dumps({'executable': sys.executable}))";
    const ProcessOptions options{.arguments = {path.string(), "-I", "-c", std::string(script)},
                                 .max_output = 64u << 10,
                                 .timeout_seconds = 20.0};
    ENVPACK_TRY(const ProcessOutput output, run_process(options, run));
    const auto no_python = [&] {
        return Error(ErrorCode::unsupported,
                     "`" + path.string() + "` does not start a Python interpreter")
            .with_path(path.string())
            .with_hint("name the interpreter itself, as `python:PATH`");
    };
    if (output.exit_status != 0) {
        return fail(no_python());
    }
    const auto answer = json::parse(text::trim(output.standard_output));
    if (!answer) {
        return fail(no_python());
    }
    const auto executable = json::string_at(*answer, "executable");
    if (!executable || !executable->starts_with('/')) {
        return fail(no_python());
    }
    return SafePath::normalize(*executable);
}

bool is_there(const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

/// `path` itself when a program of Python, or what the script there starts.
Result<SafePath> settle(const archive::FileTree& root, const std::filesystem::path& path,
                        const RunContext& run) {
    ENVPACK_TRY(const SafePath inside, SafePath::normalize(path.string()));
    ENVPACK_TRY(const auto program, find_executable(root, inside));
    if (program) {
        return inside;
    }
    return ask(path, run);
}

}  // namespace

Result<SafePath> find_host_python(const archive::FileTree& root, const HostPythonSearch& search,
                                  const RunContext& run) {
    if (!search.python.empty()) {
        ENVPACK_TRY(const std::filesystem::path path, absolute_path(search.python));
        if (is_there(path)) {
            return settle(root, path, run);
        }
        return SafePath::normalize(path.string());
    }
    std::vector<std::filesystem::path> folders;
    for (const std::string_view folder : text::split(search.path, ':')) {
        if (folder.starts_with('/')) {
            folders.emplace_back(folder);
        }
    }
    if (!search.virtual_env.empty()) {
        folders.push_back(std::filesystem::path(search.virtual_env) / "bin");
    }
    for (const std::string_view name : {"python3", "python"}) {
        for (const std::filesystem::path& folder : folders) {
            if (is_there(folder / name)) {
                return settle(root, folder / name, run);
            }
        }
    }
    return fail(Error(ErrorCode::not_found, "there is no `python3` on PATH")
                    .with_hint("name one: `python:PATH`, or the folder of a virtual environment"));
}

}  // namespace envpack::env
