#include "envpack/pipeline/strip.hpp"

#include "command.hpp"
#include "output.hpp"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace envpack::cli {
namespace {

struct StripArguments {
    pipeline::StripOptions strip;
    std::string output;
};

Result<ExitCode> strip(const StripArguments& arguments, const RunContext& run) {
    ENVPACK_TRY(const pipeline::StripReport report,
                pipeline::strip(arguments.strip, pipeline::user_config(), run));
    for (const pipeline::StrippedLine& line : report.removed) {
        run.note(fmt::format("{}: the base has {}{}", line.requirement, line.version,
                             line.fits ? "" : ", which this does not accept"));
    }
    ENVPACK_CHECK(write_output(arguments.output, report.text));
    return done;
}

}  // namespace

void add_strip(CLI::App& app, Action& action) {
    CLI::App* verb =
        app.add_subcommand("strip", "Take out of a requirements file what the base provides");
    const auto arguments = std::make_shared<StripArguments>();
    verb->add_option("requirements", arguments->strip.requirements, "Requirements file")
        ->type_name("FILE")
        ->required();
    verb->add_option("--base", arguments->strip.base,
                     "What provides packages; sources as for freeze")
        ->type_name("SOURCE")
        ->capture_default_str();
    verb->add_option("--python", arguments->strip.python, "Interpreter or prefix inside the base")
        ->type_name("PATH");
    verb->add_option("-o,--output", arguments->output, "File to write, instead of the terminal")
        ->type_name("FILE");
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return strip(*arguments, run); };
    });
}

}  // namespace envpack::cli
