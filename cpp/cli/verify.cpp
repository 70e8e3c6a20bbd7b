#include "envpack/pipeline/verify.hpp"

#include "command.hpp"
#include "index_options.hpp"
#include "output.hpp"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace envpack::cli {
namespace {

struct VerifyArguments {
    pipeline::VerifyOptions verify;
    std::string format = "text";
};

Result<ExitCode> verify(const VerifyArguments& arguments, const RunContext& run) {
    ENVPACK_TRY(const pipeline::VerifyReport report,
                pipeline::verify(arguments.verify, pipeline::user_config(), run));
    ENVPACK_CHECK(print_report(report, arguments.format));
    return report.problems.empty() ? done : negative_answer;
}

}  // namespace

void add_verify(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand(
        "verify", "Check every digest and RECORD of an image; with a lock, build it again");
    const auto arguments = std::make_shared<VerifyArguments>();
    pipeline::VerifyOptions& options = arguments->verify;
    verb->add_option("image", options.image, "An image; sources as for freeze")
        ->type_name("IMAGE")
        ->required();
    verb->add_option("lock", options.lock, "The pylock.toml that it was built from")
        ->type_name("PATH");
    verb->add_option("--base", options.base, "Base to build on; default: the base of the lock")
        ->type_name("IMAGE");
    verb->add_flag("--no-build", options.no_build,
                   "Refuse to build packages of the lock that have no wheel");
    add_report_format(*verb, arguments->format);
    add_index_options(*verb, options.indexes);
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return verify(*arguments, run); };
    });
}

}  // namespace envpack::cli
