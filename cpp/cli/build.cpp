#include "envpack/pipeline/build.hpp"

#include "command.hpp"
#include "envpack/base/json.hpp"
#include "index_options.hpp"
#include "output.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace envpack::cli {
namespace {

struct BuildArguments {
    pipeline::BuildOptions build;
    std::vector<std::string> add;
    std::string layout = "venv";
    std::vector<std::string> env;
    std::vector<std::string> labels;
    std::vector<std::string> annotations;
    std::string compression = "gzip";
    std::string entrypoint;
    std::string cmd;
    std::string format = "text";
};

Result<void> add_pairs(const std::vector<std::string>& texts, std::string_view option,
                       std::map<std::string, std::string>& into) {
    for (const std::string& text : texts) {
        const std::size_t equals = text.find('=');
        if (equals == 0 || equals == std::string::npos) {
            return fail(Error(ErrorCode::invalid_argument,
                              fmt::format("{} wants NAME=VALUE, not `{}`", option, text)));
        }
        into[text.substr(0, equals)] = text.substr(equals + 1);
    }
    return {};
}

constexpr std::string_view default_lock = "pylock.toml";

/// The lock of this folder, unless only files are to be added and there is none.
std::filesystem::path default_input(const pipeline::BuildOptions& options) {
    std::error_code ignored;
    return options.add.empty() || std::filesystem::exists(default_lock, ignored)
               ? std::filesystem::path(default_lock)
               : std::filesystem::path();
}

/// The exec form of a Dockerfile, `["python", "-m", "app"]`, or one program without arguments.
Result<std::vector<std::string>> command_line(const std::string& text, std::string_view option) {
    if (!text.starts_with('[')) {
        return std::vector{text};
    }
    ENVPACK_TRY(const json::Value parsed,
                with_context(json::parse(text), fmt::format("while reading {}", option)));
    std::vector<std::string> words;
    for (const json::Value& item : *parsed.as_array()) {
        if (item.as_string() == nullptr) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("{} wants an array of strings, not `{}`", option, text));
        }
        words.push_back(*item.as_string());
    }
    return words;
}

Result<ExitCode> build(BuildArguments arguments, const RunContext& run) {
    pipeline::BuildOptions& options = arguments.build;
    ENVPACK_CHECK(add_pairs(arguments.env, "--env", options.env));
    ENVPACK_CHECK(add_pairs(arguments.labels, "--label", options.labels));
    ENVPACK_CHECK(add_pairs(arguments.annotations, "--annotation", options.annotations));
    ENVPACK_TRY(options.layout, pipeline::build_layout_named(arguments.layout));
    for (const std::string& text : arguments.add) {
        ENVPACK_TRY(pipeline::AddedPath path, pipeline::AddedPath::parse(text));
        options.add.push_back(std::move(path));
    }
    if (options.input.empty()) {
        options.input = default_input(options);
    }
    ENVPACK_TRY(options.compression, archive::compression_named(arguments.compression));
    if (!arguments.entrypoint.empty()) {
        ENVPACK_TRY(options.entrypoint, command_line(arguments.entrypoint, "--entrypoint"));
    }
    if (!arguments.cmd.empty()) {
        ENVPACK_TRY(options.cmd, command_line(arguments.cmd, "--cmd"));
    }
    ENVPACK_TRY(const pipeline::BuildReport report,
                pipeline::build(options, pipeline::user_config(), run));
    for (const std::string& note : report.notes) {
        run.note(note);
    }
    ENVPACK_CHECK(print_report(report, arguments.format));
    return done;
}

}  // namespace

void add_build(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand(
        "build", "Put a lock or a virtual environment onto a base image, as OCI layers");
    const auto arguments = std::make_shared<BuildArguments>();
    pipeline::BuildOptions& options = arguments->build;
    verb->add_option("input", options.input,
                     "A pylock.toml or a virtual environment; default: pylock.toml, which need "
                     "not be there with --add")
        ->type_name("PATH");
    verb->add_option("--base", options.base,
                     "oci:DIR[:TAG], oci-archive:FILE[:TAG] or "
                     "docker-archive:FILE[:NAME]; default: the base of the lock")
        ->type_name("IMAGE");
    verb->add_option("-o,--output", options.output,
                     "oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE[:NAME] or dir:DIR "
                     "to write")
        ->type_name("DEST")
        ->required();
    verb->add_option("--layout", arguments->layout,
                     "venv: an environment of its own; system: into the base's Python; app-root: "
                     "as UBI's images of Python, for uid 1001 and group 0")
        ->check(CLI::IsMember({"venv", "system", "app-root"}))
        ->capture_default_str();
    verb->add_option("--prefix", options.prefix,
                     "Place of the environment in the image; default: /opt/venv, of app-root "
                     "/opt/app-root")
        ->type_name("PATH");
    verb->add_option("--add", arguments->add,
                     "File or folder of this machine for the image, as COPY puts it there")
        ->type_name("SRC:DST")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_flag("--with-libs", options.with_libs,
                   "Copy the shared libraries that programs of --add need and the image lacks");
    verb->add_option("--env", arguments->env, "Variable of the image")
        ->type_name("NAME=VALUE")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_option("--label", arguments->labels, "Label of the image")
        ->type_name("NAME=VALUE")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_option("--annotation", arguments->annotations, "Annotation of the image's manifest")
        ->type_name("NAME=VALUE")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_option("--port", options.ports, "Port that the image's processes listen on")
        ->type_name("PORT[/PROTOCOL]")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_option("--volume", options.volumes, "Folder that engines make a volume of")
        ->type_name("PATH")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_option("--compression", arguments->compression, "Of the layers that are added")
        ->check(CLI::IsMember({"gzip", "zstd", "none"}))
        ->capture_default_str();
    verb->add_flag("--estargz", options.estargz,
                   "Layers that containerd's stargz snapshotter can mount before they are fetched; "
                   "gzip only");
    verb->add_option("--user", options.user, "User of the image's processes")
        ->type_name("UID[:GID]");
    verb->add_option("--workdir", options.working_dir, "Working folder in the image")
        ->type_name("PATH");
    verb->add_option("--entrypoint", arguments->entrypoint, "Program, or JSON array")
        ->type_name("CMD");
    verb->add_option("--cmd", arguments->cmd, "Default arguments: program, or JSON array")
        ->type_name("CMD");
    verb->add_flag("!--no-constraints", options.constraints,
                   "Write no constraints file of the image, name none in its environment");
    verb->add_flag("!--no-dedupe", options.dedupe,
                   "Of a virtual environment: keep packages that the base has in the same version");
    verb->add_flag("!--no-tests", options.tests,
                   "Of a virtual environment: leave out folders called tests of packages");
    add_report_format(*verb, arguments->format);
    verb->add_flag("--no-cache", options.no_cache,
                   "Make every layer anew, also those that the cache knows from earlier builds");
    verb->add_flag("--no-build", options.no_build,
                   "Refuse to build packages of the lock that have no wheel");
    verb->add_option("--sbom", options.sbom,
                     "Bill of materials of the image to write: *.cdx.json is CycloneDX 1.6, "
                     "*.spdx.json SPDX 2.3 (repeatable)")
        ->type_name("FILE")
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    verb->add_option("--provenance", options.provenance,
                     "How the image was built, to write as an in-toto statement (SLSA v1)")
        ->type_name("FILE");
    add_index_options(*verb, options.indexes);
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return build(*arguments, run); };
    });
}

}  // namespace envpack::cli
