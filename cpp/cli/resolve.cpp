#include "envpack/pipeline/resolve.hpp"

#include "command.hpp"
#include "envpack/base/json.hpp"
#include "index_options.hpp"
#include "output.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace envpack::cli {
namespace {

struct ResolveArguments {
    pipeline::ResolveOptions resolve;
    std::string output;
    std::string format = "pylock";
};

Result<ExitCode> resolve(const ResolveArguments& arguments, const RunContext& run) {
    ENVPACK_TRY(const pipeline::ResolveOutcome outcome,
                pipeline::resolve(arguments.resolve, pipeline::user_config(), run));
    if (const auto* explanation = std::get_if<env::Explanation>(&outcome)) {
        if (arguments.format == "json") {
            ENVPACK_CHECK(print(json::to_pretty(explanation->to_json())));
        }
        const std::string text = fmt::format("error: {}\n", explanation->text);
        std::fwrite(text.data(), 1, text.size(), stderr);
        return negative_answer;
    }
    ENVPACK_CHECK(write_output(arguments.output, std::get<env::Lock>(outcome).to_toml()));
    return done;
}

}  // namespace

void add_resolve(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand(
        "resolve", "Choose versions on top of a base, whose packages stay; write pylock.toml");
    const auto arguments = std::make_shared<ResolveArguments>();
    pipeline::ResolveOptions& options = arguments->resolve;
    verb->add_option("requirement", options.requirements, "Such as 'numpy>=2'")->type_name("REQ");
    verb->add_option("-r,--requirement", options.requirement_files, "Requirements file")
        ->type_name("FILE")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    verb->add_option("-c,--constraint", options.constraint_files, "Constraints file")
        ->type_name("FILE")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
    verb->add_option("--base", options.base,
                     "What provides packages, Python and platform; sources as for freeze")
        ->type_name("SOURCE");
    verb->add_option("--python", options.python, "Interpreter or prefix inside the base")
        ->type_name("PATH");
    verb->add_flag("--pre", options.pre, "Allow pre-releases");
    verb->add_option("-o,--output", arguments->output, "Lock to write, instead of the terminal")
        ->type_name("FILE");
    verb->add_option("--format", arguments->format,
                     "json prints a conflict as JSON on standard output as well")
        ->check(CLI::IsMember({"pylock", "json"}))
        ->capture_default_str();
    add_index_options(*verb, options.indexes);
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return resolve(*arguments, run); };
    });
}

}  // namespace envpack::cli
