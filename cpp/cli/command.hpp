#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "exit_code.hpp"

#include <functional>

namespace CLI {
class App;
}

namespace envpack::cli {

/// What a parsed command line asks for; called once, after all parsing.
using Action = std::function<Result<ExitCode>(const RunContext&)>;

// Each adds one verb to `app`; a call of the verb puts its work into `action`.
void add_audit(CLI::App& app, Action& action);
void add_build(CLI::App& app, Action& action);
void add_diff(CLI::App& app, Action& action);
void add_doctor(CLI::App& app, Action& action);
void add_freeze(CLI::App& app, Action& action);
void add_index_url(CLI::App& app, Action& action);
void add_inspect(CLI::App& app, Action& action);
void add_install(CLI::App& app, Action& action);
void add_resolve(CLI::App& app, Action& action);
void add_strip(CLI::App& app, Action& action);
void add_verify(CLI::App& app, Action& action);

}  // namespace envpack::cli
