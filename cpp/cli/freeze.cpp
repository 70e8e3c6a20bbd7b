#include "envpack/pipeline/freeze.hpp"

#include "command.hpp"
#include "envpack/base/text.hpp"
#include "envpack/env/constraints.hpp"
#include "output.hpp"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace envpack::cli {
namespace {

struct FreezeArguments {
    pipeline::FreezeOptions freeze;
    env::ConstraintsOptions list = {.envpack_version = ENVPACK_VERSION};
    std::string format = "requirements";
    bool constraints = false;
    std::string pin = "all";
    std::string legacy = "comment";
    std::string used_by;
    std::string output;
};

env::PinScope scope_of(const std::string& word) {
    return word == "binary"        ? env::PinScope::binary
           : word == "torch-stack" ? env::PinScope::torch_stack
                                   : env::PinScope::all;
}

/// One line a problem, as `pip check` prints them.
std::string check_report(const env::Inventory& inventory) {
    std::string text;
    for (const env::Problem& problem : inventory.problems) {
        text += text::printable(problem.text, 4096) + '\n';
    }
    if (text.empty()) {
        text = "no problems in " + std::to_string(inventory.packages.size()) + " packages\n";
    }
    return text;
}

Result<ExitCode> freeze(FreezeArguments arguments, bool format_given, const RunContext& run) {
    const auto format =
        pipeline::parse_freeze_format(arguments.constraints ? "constraints" : arguments.format);
    if (format == pipeline::FreezeFormat::constraints) {
        arguments.freeze.detail = env::InventoryDetail::pins;
    } else if (format == pipeline::FreezeFormat::requirements ||
               format == pipeline::FreezeFormat::pylock) {
        arguments.freeze.detail = env::InventoryDetail::sources;
    }
    arguments.freeze.pin = scope_of(arguments.pin);
    arguments.list.exact_legacy = arguments.legacy == "exact";
    if (!arguments.used_by.empty()) {
        arguments.freeze.used_by = arguments.used_by;
    }
    const pipeline::UserConfig user = pipeline::user_config();
    ENVPACK_TRY(const env::Inventory inventory, pipeline::freeze(arguments.freeze, user, run));
    if (arguments.freeze.check && !format_given) {
        ENVPACK_CHECK(write_output(arguments.output, check_report(inventory)));
    } else {
        for (const env::Problem& problem : inventory.problems) {
            run.note(problem.text);
        }
        ENVPACK_TRY(const std::string text,
                    pipeline::render(inventory, *format, arguments.list, user));
        ENVPACK_CHECK(write_output(arguments.output, text));
    }
    return arguments.freeze.check && !inventory.problems.empty() ? negative_answer : done;
}

}  // namespace

void add_freeze(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand(
        "freeze", "List the packages of a base image, environment or root file system");
    const auto arguments = std::make_shared<FreezeArguments>();
    verb->add_option("source", arguments->freeze.source,
                     "A virtual environment or prefix, python:PATH, dir:ROOTFS, oci:DIR[:TAG], "
                     "oci-archive:FILE[:TAG], docker-archive:FILE[:NAME], freeze:FILE, or . for "
                     "the Python in use")
        ->type_name("SOURCE")
        ->capture_default_str();
    CLI::Option* format = verb->add_option("--format", arguments->format, "What to print")
                              ->check(CLI::IsMember({"requirements", "constraints", "json",
                                                     "pylock", "uv", "cyclonedx", "spdx"}))
                              ->capture_default_str();
    verb->add_flag("--constraints", arguments->constraints,
                   "Print a constraints file for pip and uv: --format constraints")
        ->excludes(format);
    verb->add_option("--python", arguments->freeze.python,
                     "Interpreter or prefix inside the image, instead of the first on its PATH")
        ->type_name("PATH");
    verb->add_option("--exclude", arguments->freeze.exclude, "Leave this package out (repeatable)")
        ->type_name("NAME")
        ->take_all();
    verb->add_option("--used-by", arguments->used_by,
                     "Only what the Python files and notebooks of this project import")
        ->type_name("DIR");
    verb->add_option("--pin", arguments->pin,
                     "all; binary: packages with machine code and what they need; torch-stack: "
                     "torch and the packages with machine code around it")
        ->check(CLI::IsMember({"all", "binary", "torch-stack"}))
        ->capture_default_str();
    verb->add_option("--legacy", arguments->legacy,
                     "Versions that are not of PEP 440: a comment, or exact: `name===version`, "
                     "which uv and pip from 24.1 refuse")
        ->check(CLI::IsMember({"comment", "exact"}))
        ->capture_default_str();
    verb->add_flag("--include-installers", arguments->list.include_installers,
                   "List pip, setuptools, wheel and uv as well");
    verb->add_flag("--keep-editable", arguments->list.keep_editable,
                   "Requirements: `-e PATH` for editable installs");
    verb->add_flag("--check", arguments->freeze.check,
                   "Say what is inconsistent in the base, and end with 1 if anything is");
    verb->add_option("-o,--output", arguments->output, "File to write, instead of the terminal")
        ->type_name("FILE");
    verb->callback([arguments, format, &action] {
        const bool format_given = arguments->constraints || format->count() > 0;
        action = [arguments, format_given](const RunContext& run) {
            return freeze(*arguments, format_given, run);
        };
    });
}

}  // namespace envpack::cli
