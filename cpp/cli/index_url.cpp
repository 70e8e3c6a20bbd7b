#include "envpack/pipeline/index_url.hpp"

#include "command.hpp"
#include "cuda_options.hpp"
#include "output.hpp"

#include <cstdio>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace envpack::cli {
namespace {

struct IndexUrlArguments {
    pipeline::IndexUrlOptions options;
    std::string format = "text";
};

Result<ExitCode> index_url(const IndexUrlArguments& arguments, const RunContext& run) {
    ENVPACK_TRY(const pipeline::IndexUrlReport report,
                pipeline::index_url(arguments.options, pipeline::user_config(), run));
    const std::optional<pipeline::IndexUrlFormat> format =
        pipeline::parse_index_url_format(arguments.format);
    if (!format) {
        ENVPACK_CHECK(print(json::to_pretty(report.to_json())));
    }
    if (const auto* conflict = std::get_if<cuda::IndexConflict>(&report.answer)) {
        const std::string text = fmt::format("error: {}", conflict->to_string());
        std::fwrite(text.data(), 1, text.size(), stderr);
        return negative_answer;
    }
    const auto& plan = std::get<cuda::IndexPlan>(report.answer);
    for (const std::string& note : plan.notes) {
        run.note(note);
    }
    if (format) {
        ENVPACK_CHECK(print(render(plan, *format)));
    }
    return done;
}

}  // namespace

void add_index_url(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand(
        "index-url", "Name the index of PyTorch's wheels that fits an image, GPUs and a driver");
    const auto arguments = std::make_shared<IndexUrlArguments>();
    pipeline::IndexUrlOptions& options = arguments->options;
    verb->add_option("--base", options.base,
                     "What tells CUDA, Python and platform; sources as for freeze")
        ->type_name("SOURCE");
    verb->add_option("--torch", options.torch, "Release, such as 2.6, or range, such as '>=2.5'")
        ->type_name("VERSION");
    verb->add_option("--python", options.python, "Python that the wheels are for, such as 3.12")
        ->type_name("X.Y");
    verb->add_option("--platform", options.platform, "Machine that the wheels are for")
        ->check(CLI::IsMember({"x86_64", "aarch64"}));
    verb->add_option("--format", arguments->format, "What to print")
        ->check(CLI::IsMember({"text", "pip", "uv", "pylock", "json"}))
        ->capture_default_str();
    verb->add_flag("--offline", options.offline, "Do not ask the index: the tables alone");
    add_cuda_options(*verb, options.cuda);
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return index_url(*arguments, run); };
    });
}

}  // namespace envpack::cli
