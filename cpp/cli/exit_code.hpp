#pragma once

#include "envpack/base/error.hpp"

namespace envpack::cli {

/// What the command says to its caller. The names of BSD's sysexits are not used: users of pip,
/// uv and git expect small numbers.
enum ExitCode : int {
    done = 0,
    negative_answer = 1,  ///< a conflict, findings, a difference
    wrong_usage = 2,      ///< the command line or an input file is wrong
    outside_failed = 3,   ///< file system, network, registry
    bug = 70,             ///< as EX_SOFTWARE
    interrupted = 130,    ///< 128 + SIGINT, as shells report it
};

/// The exit code for a failure: the one table of ADR 0001.
ExitCode exit_code_of(ErrorCode code) noexcept;

}  // namespace envpack::cli
