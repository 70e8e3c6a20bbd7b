#include "envpack/pipeline/audit.hpp"

#include "command.hpp"
#include "output.hpp"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace envpack::cli {
namespace {

struct AuditArguments {
    pipeline::AuditOptions audit;
    std::string format = "text";
};

Result<ExitCode> audit(const AuditArguments& arguments, const RunContext& run) {
    ENVPACK_TRY(const pipeline::AuditReport report,
                pipeline::audit(arguments.audit, pipeline::user_config(), run));
    ENVPACK_CHECK(print_report(report, arguments.format));
    return report.ok() ? done : negative_answer;
}

}  // namespace

void add_audit(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand(
        "audit", "Say whether the binaries of a base or image run on GPUs and a driver");
    const auto arguments = std::make_shared<AuditArguments>();
    pipeline::AuditOptions& options = arguments->audit;
    verb->add_option("source", options.source, "What to look at; sources as for freeze")
        ->type_name("SOURCE")
        ->capture_default_str();
    verb->add_option("--python", options.python,
                     "Interpreter or prefix inside the source; default: the first on its PATH")
        ->type_name("PATH");
    verb->add_option("--gpu", options.gpus, "GPUs that must work: H100, sm_90, 9.0, …")
        ->type_name("LIST")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_option("--driver", options.driver, "Driver: a version or its branch, such as 550")
        ->type_name("VERSION");
    add_report_format(*verb, arguments->format);
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return audit(*arguments, run); };
    });
}

}  // namespace envpack::cli
