#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace envpack {

struct ProcessOptions {
    std::vector<std::string> arguments;  ///< [0] is the program: a path, or a name found on PATH
    /// "NAME=value"; nullopt inherits the environment of this process.
    std::optional<std::vector<std::string>> environment = std::nullopt;
    std::string working_directory = {};  ///< empty: unchanged
    std::size_t max_output = 16u << 20;  ///< bytes of each output stream
    double timeout_seconds = 60.0;       ///< then the process group is killed
};

struct ProcessOutput {
    int exit_status = 0;  ///< 128 + signal when a signal ended it
    std::string standard_output;
    std::string standard_error;
};

/// Runs a program of the host without a shell, standard input empty, and waits for it. An exit
/// status other than 0 is an answer, not an error. not_found when there is no such program;
/// limit_exceeded for too much output or time; cancelled when the run is stopped.
Result<ProcessOutput> run_process(const ProcessOptions& options, const RunContext& run);

}  // namespace envpack
