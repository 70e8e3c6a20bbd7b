#include "envpack/pipeline/resolve.hpp"

#include "command.hpp"
#include "cuda_options.hpp"
#include "envpack/base/json.hpp"
#include "envpack/env/lock_output.hpp"
#include "index_options.hpp"
#include "output.hpp"

#include <cstdio>
#include <filesystem>
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

Result<std::string> rendered(const env::Lock& lock, const std::string& format,
                             const std::filesystem::path& folder) {
    if (format == "requirements") {
        return env::to_requirements_text(lock, folder);
    }
    return format == "json"   ? json::to_pretty(env::to_json(lock))
           : format == "tree" ? env::to_tree_text(lock)
                              : lock.to_toml();
}

Result<ExitCode> resolve(const ResolveArguments& arguments, const RunContext& run) {
    pipeline::ResolveOptions options = arguments.resolve;
    options.lock_folder = std::filesystem::path(arguments.output).parent_path();
    ENVPACK_TRY(const pipeline::ResolveOutcome outcome,
                pipeline::resolve(options, pipeline::user_config(), run));
    if (const auto* explanation = std::get_if<env::Explanation>(&outcome)) {
        if (arguments.format == "json") {
            ENVPACK_CHECK(print(json::to_pretty(explanation->to_json())));
        }
        const std::string text = fmt::format("error: {}\n", explanation->text);
        std::fwrite(text.data(), 1, text.size(), stderr);
        return negative_answer;
    }
    ENVPACK_TRY(const std::string text,
                rendered(std::get<env::Lock>(outcome), arguments.format, options.lock_folder));
    ENVPACK_CHECK(write_output(arguments.output, text));
    return done;
}

/// An option that may be given again and takes one value each time.
void add_repeated(CLI::App& verb, const std::string& name, std::vector<std::string>& values,
                  const std::string& description, const char* type) {
    verb.add_option(name, values, description)
        ->type_name(type)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void add_choice_options(CLI::App& verb, pipeline::ResolveOptions& options) {
    verb.add_flag("--pre", options.pre, "Allow pre-releases");
    add_repeated(verb, "--unfreeze", options.unfreeze, "Base package that may be replaced", "NAME");
    add_repeated(verb, "--shadow", options.shadow,
                 "Base package that may be hidden by others, which come earlier on the path",
                 "NAME");
    add_repeated(verb, "--treat-as-release", options.treat_as_release,
                 "Base package whose pre-release counts as the release", "NAME");
    add_repeated(verb, "--relax", options.relax,
                 "Give up what NAME requires of base packages, or of the base's DEP only",
                 "NAME[:DEP]");
    verb.add_option_function<std::string>(
            "--base-deps",
            [&options](const std::string& word) {
                options.base_dependencies = env::parse_base_dependencies(word).value();
            },
            "What base packages in use require and the base lacks: add it, or report it")
        ->type_name("add|report")
        ->check(CLI::IsMember({"add", "report"}));
    verb.add_flag("--fail-on-downgrade", options.fail_on_downgrade,
                  "No lock where a constraint or the base holds a package back");
    verb.add_flag("--no-deps", options.no_dependencies, "Only what is named");
    verb.add_flag("--no-build", options.no_build, "Wheels only: build no source distribution");
    add_repeated(verb, "--no-binary", options.no_binary, "Take these from source", "NAME|:all:");
    add_repeated(verb, "--only-binary", options.only_binary, "Take only wheels of these",
                 "NAME|:all:");
    verb.add_flag("--require-hashes", options.require_hashes,
                  "Every file must have one of the hashes of the request");
    verb.add_option("--exclude-newer", options.exclude_newer,
                    "Ignore files uploaded after this date or RFC 3339 time")
        ->type_name("DATE");
}

}  // namespace

void add_resolve(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand(
        "resolve", "Choose versions on top of a base, whose packages stay; write pylock.toml");
    const auto arguments = std::make_shared<ResolveArguments>();
    pipeline::ResolveOptions& options = arguments->resolve;
    verb->add_option("requirements", options.requirements, "Such as 'numpy>=2'")->type_name("REQ");
    add_repeated(*verb, "-e,--editable", options.editables, "Project folder or repository", "PATH");
    verb->add_option("-r,--requirement", options.requirement_files, "Requirements file")
        ->type_name("FILE")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_option("-c,--constraint", options.constraint_files, "Constraints file")
        ->type_name("FILE")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_option("--base", options.base,
                     "What provides packages, Python and platform; sources as for freeze")
        ->type_name("SOURCE");
    verb->add_option("--python", options.python, "Interpreter or prefix inside the base")
        ->type_name("PATH");
    verb->add_option("-o,--output", arguments->output, "Lock to write, instead of the terminal")
        ->type_name("FILE");
    verb->add_option("--format", arguments->format,
                     "What to write; json prints a conflict as JSON on standard output as well")
        ->check(CLI::IsMember({"pylock", "requirements", "json", "tree"}))
        ->capture_default_str();
    add_choice_options(*verb, options);
    add_cuda_options(*verb, options.cuda);
    add_repeated(*verb, "--cuda-mirror", options.cuda.mirrors,
                 "Ask below URL2 for what a table of packages for CUDA names below URL",
                 "URL=URL2");
    add_index_options(*verb, options.indexes);
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return resolve(*arguments, run); };
    });
}

}  // namespace envpack::cli
