#include "envpack/pipeline/freeze.hpp"

#include "command.hpp"
#include "envpack/base/json.hpp"
#include "envpack/env/constraints.hpp"
#include "envpack/env/inventory_output.hpp"
#include "output.hpp"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace envpack::cli {
namespace {

struct Arguments {
    pipeline::FreezeOptions freeze;
    env::ConstraintsOptions pins = {.envpack_version = ENVPACK_VERSION};
    std::string format = "requirements";
    bool constraints = false;
    std::string output;
};

std::string rendered(const env::Inventory& inventory, const Arguments& arguments) {
    if (arguments.format == "json") {
        return json::to_pretty(env::to_json(inventory));
    }
    if (arguments.format == "requirements") {
        return env::to_requirements_text(inventory, arguments.pins);
    }
    return env::constraints_from(inventory, arguments.pins).to_text();
}

Result<ExitCode> freeze(Arguments arguments, const RunContext& run) {
    if (arguments.constraints) {
        arguments.format = "constraints";
        arguments.freeze.detail = env::InventoryDetail::pins;
    }
    ENVPACK_TRY(const env::Inventory inventory,
                pipeline::freeze(arguments.freeze, pipeline::user_config(), run));
    for (const env::Problem& problem : inventory.problems) {
        run.note(problem.text);
    }
    ENVPACK_CHECK(write_output(arguments.output, rendered(inventory, arguments)));
    return done;
}

}  // namespace

void add_freeze(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand(
        "freeze", "List the packages of a base image, environment or root file system");
    const auto arguments = std::make_shared<Arguments>();
    verb->add_option("source", arguments->freeze.source,
                     "A virtual environment or prefix, python:PATH, dir:ROOTFS, oci:DIR[:TAG], "
                     "freeze:FILE, or . for the Python in use")
        ->type_name("SOURCE")
        ->capture_default_str();
    CLI::Option* format = verb->add_option("--format", arguments->format, "What to print")
                              ->check(CLI::IsMember({"constraints", "requirements", "json"}))
                              ->capture_default_str();
    verb->add_flag("--constraints", arguments->constraints,
                   "Print a constraints file for pip and uv: --format constraints")
        ->excludes(format);
    verb->add_option("--python", arguments->freeze.python,
                     "Interpreter or prefix inside the image, instead of the first on its PATH")
        ->type_name("PATH");
    verb->add_flag("--include-installers", arguments->pins.include_installers,
                   "Pin pip, setuptools, wheel and uv as well");
    verb->add_option("-o,--output", arguments->output, "File to write, instead of the terminal")
        ->type_name("FILE");
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return freeze(*arguments, run); };
    });
}

}  // namespace envpack::cli
