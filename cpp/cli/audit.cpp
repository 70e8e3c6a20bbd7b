#include "envpack/pipeline/audit.hpp"

#include "command.hpp"
#include "index_options.hpp"
#include "output.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

namespace envpack::cli {
namespace {

struct AuditArguments {
    pipeline::AuditOptions audit;
    std::vector<std::string> sources;
    std::string layout = "venv";
    std::string format = "text";
};

Result<ExitCode> audit(AuditArguments arguments, const RunContext& run) {
    if (!arguments.sources.empty()) {
        arguments.audit.source = arguments.sources.front();
        arguments.audit.more_wheels = {arguments.sources.begin() + 1, arguments.sources.end()};
    }
    ENVPACK_TRY(arguments.audit.layout, pipeline::build_layout_named(arguments.layout));
    ENVPACK_TRY(const pipeline::AuditReport report,
                pipeline::audit(arguments.audit, pipeline::user_config(), run));
    ENVPACK_CHECK(print_report(report, arguments.format));
    return report.ok() ? done : negative_answer;
}

}  // namespace

void add_audit(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand(
        "audit",
        "Say whether the binaries of a base, image, lock or wheel run on GPUs and a driver");
    const auto arguments = std::make_shared<AuditArguments>();
    pipeline::AuditOptions& options = arguments->audit;
    verb->add_option("source", arguments->sources,
                     "What to look at, default: `.`; sources as for freeze, a pylock.toml, or "
                     "wheels")
        ->type_name("SOURCE");
    verb->add_option("--python", options.python,
                     "Interpreter or prefix inside the source; default: the first on its PATH")
        ->type_name("PATH");
    verb->add_option("--gpu", options.gpus, "GPUs that must work: H100, sm_90, 9.0, …")
        ->type_name("LIST")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_option("--driver", options.driver, "Driver: a version or its branch, such as 550")
        ->type_name("VERSION");
    verb->add_option("--base", options.base,
                     "Image that the lock or wheels are for; default: that of the lock, else none")
        ->type_name("IMAGE");
    verb->add_option("--layout", arguments->layout, "Where they go there, as for build")
        ->check(CLI::IsMember({"venv", "system", "app-root"}))
        ->capture_default_str();
    verb->add_option("--prefix", options.prefix, "Place of the environment there, as for build")
        ->type_name("PATH");
    verb->add_flag("--no-build", options.no_build,
                   "Packages of a lock without a wheel are an error");
    add_report_format(*verb, arguments->format);
    add_index_options(*verb, options.indexes);
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return audit(*arguments, run); };
    });
}

}  // namespace envpack::cli
