#include "envpack/pipeline/install.hpp"

#include "command.hpp"
#include "index_options.hpp"
#include "output.hpp"

#include <memory>
#include <string>

#include <CLI/CLI.hpp>

namespace envpack::cli {
namespace {

struct InstallArguments {
    pipeline::InstallOptions install = {};
    std::string link_mode = "auto";
    std::string format = "text";
};

Result<ExitCode> install(InstallArguments arguments, const RunContext& run) {
    ENVPACK_TRY(arguments.install.link_mode, archive::link_mode_named(arguments.link_mode));
    ENVPACK_TRY(const pipeline::InstallReport report,
                pipeline::install(arguments.install, pipeline::user_config(), run));
    for (const std::string& note : report.notes) {
        run.note(note);
    }
    ENVPACK_CHECK(print_report(report, arguments.format));
    return done;
}

}  // namespace

void add_install(CLI::App& app, Action& action) {
    CLI::App* verb =
        app.add_subcommand("install", "Put the wheels of a lock into a virtual environment");
    const auto arguments = std::make_shared<InstallArguments>();
    pipeline::InstallOptions& options = arguments->install;
    verb->add_option("lock", options.lock, "A pylock.toml")
        ->type_name("PATH")
        ->capture_default_str();
    verb->add_option("--prefix", options.prefix,
                     "A virtual environment, made where there is none, or a Python's prefix")
        ->type_name("DIR")
        ->required();
    verb->add_option("--python", options.python,
                     "Of a new environment: an interpreter; default: the one in use")
        ->type_name("PATH");
    verb->add_flag("--system-site-packages", options.system_site_packages,
                   "A new environment sees the packages of its Python");
    verb->add_flag("--exact", options.exact, "Remove packages that the lock does not have");
    verb->add_flag("--reinstall", options.reinstall,
                   "Also install packages that are there in the right version");
    verb->add_option("--link-mode", arguments->link_mode,
                     "How files come from the cache; auto: the first that the file system can do")
        ->check(CLI::IsMember({"auto", "clone", "hardlink", "copy"}))
        ->capture_default_str();
    add_report_format(*verb, arguments->format);
    verb->add_flag("--no-build", options.no_build,
                   "Refuse to build packages of the lock that have no wheel");
    add_index_options(*verb, options.indexes);
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return install(*arguments, run); };
    });
}

}  // namespace envpack::cli
