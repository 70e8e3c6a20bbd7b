#include "envpack/pipeline/inspect.hpp"

#include "command.hpp"
#include "output.hpp"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace envpack::cli {
namespace {

struct InspectArguments {
    std::string source;
    std::string format = "text";
};

Result<ExitCode> inspect(const InspectArguments& arguments, const RunContext& run) {
    ENVPACK_TRY(const pipeline::InspectReport report,
                pipeline::inspect(arguments.source, pipeline::user_config(), run));
    ENVPACK_CHECK(print_report(report, arguments.format));
    return done;
}

}  // namespace

void add_inspect(CLI::App& app, Action& action) {
    CLI::App* verb =
        app.add_subcommand("inspect", "Show the layers, packages and config of an image");
    const auto arguments = std::make_shared<InspectArguments>();
    verb->add_option("image", arguments->source, "An image; sources as for freeze")
        ->type_name("IMAGE")
        ->required();
    add_report_format(*verb, arguments->format);
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return inspect(*arguments, run); };
    });
}

}  // namespace envpack::cli
