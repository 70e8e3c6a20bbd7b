#include "envpack/pipeline/diff.hpp"

#include "command.hpp"
#include "output.hpp"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace envpack::cli {
namespace {

struct DiffArguments {
    std::string a;
    std::string b;
    std::string format = "text";
};

Result<ExitCode> diff(const DiffArguments& arguments, const RunContext& run) {
    ENVPACK_TRY(const pipeline::DiffReport report,
                pipeline::diff(arguments.a, arguments.b, pipeline::user_config(), run));
    ENVPACK_CHECK(print_report(report, arguments.format));
    return report.equal() ? done : negative_answer;
}

}  // namespace

void add_diff(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand("diff", "Compare the packages, files and config of images");
    const auto arguments = std::make_shared<DiffArguments>();
    verb->add_option("a", arguments->a, "An image; sources as for freeze")
        ->type_name("IMAGE")
        ->required();
    verb->add_option("b", arguments->b, "Another image")->type_name("IMAGE")->required();
    add_report_format(*verb, arguments->format);
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return diff(*arguments, run); };
    });
}

}  // namespace envpack::cli
