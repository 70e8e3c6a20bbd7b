// The envpack command: arguments in, one verb of envpack::pipeline, text and an exit code out.

#include "command.hpp"
#include "interrupt.hpp"
#include "output.hpp"
#include "terminal_progress.hpp"

#include <CLI/CLI.hpp>

namespace envpack::cli {
namespace {

/// CLI11 has its own numbers for what is wrong with a command line; ours is one.
int usage_failure(const CLI::App& app, const CLI::ParseError& error) {
    return app.exit(error) == 0 ? done : wrong_usage;
}

/// As with pip and docker, an option takes one value each time it is named, and what follows is an
/// argument: `--extra-index-url URL NAME`.
void take_one_value_each(CLI::App& app) {
    for (CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; })) {
        for (CLI::Option* option : verb->get_options()) {
            if (!option->get_positional()) {
                option->allow_extra_args(false);
            }
        }
    }
}

int main_of(int argc, char** argv) {
    CLI::App app("Reproducible GPU Python environments in containers", "envpack");
    app.set_version_flag("-V,--version", "envpack " ENVPACK_VERSION);
    app.require_subcommand(1);
    app.fallthrough(false);
    bool quiet = false;
    app.add_flag("-q,--quiet", quiet, "No progress, no notes");
    Action action;
    add_build(app, action);
    add_freeze(app, action);
    add_index_url(app, action);
    add_resolve(app, action);
    add_strip(app, action);
    add_install(app, action);
    add_inspect(app, action);
    add_diff(app, action);
    add_verify(app, action);
    add_audit(app, action);
    add_doctor(app, action);
    take_one_value_each(app);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return usage_failure(app, error);
    }
    const Interrupt interrupt;
    Result<ExitCode> result = done;
    {
        TerminalProgress progress(quiet);
        const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
        result = action({.stop = interrupt.token(), .progress = &progress, .max_parallel = cores});
    }
    if (!result) {
        const bool stopped = result.error().code() == ErrorCode::cancelled;
        print_error(stopped ? Error(ErrorCode::cancelled, "interrupted") : result.error());
        return exit_code_of(result.error().code());
    }
    return *result;
}

}  // namespace
}  // namespace envpack::cli

int main(int argc, char** argv) {
    return envpack::cli::main_of(argc, argv);
}
