#include "envpack/pipeline/doctor.hpp"

#include "command.hpp"
#include "output.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace envpack::cli {
namespace {

struct DoctorArguments {
    pipeline::DoctorOptions doctor;
    bool probe = false;
    std::string format = "text";
};

/// The probe is installed beside the command, where envpack was built with it.
Result<std::filesystem::path> find_probe() {
    std::error_code failed;
    const auto command = std::filesystem::read_symlink("/proc/self/exe", failed);
    const std::filesystem::path probe = command.parent_path() / "envpack-cuda-probe";
    if (failed || !std::filesystem::exists(probe, failed)) {
        return fail(Error(ErrorCode::not_found, fmt::format("there is no `{}`", probe.string()))
                        .with_hint("build envpack with -DENVPACK_CUDA_PROBE=ON, where nvcc is"));
    }
    return probe;
}

Result<ExitCode> doctor(const DoctorArguments& arguments, const RunContext& run) {
    pipeline::DoctorOptions options = arguments.doctor;
    if (arguments.probe) {
        ENVPACK_TRY(options.probe, find_probe());
    }
    ENVPACK_TRY(const pipeline::DoctorReport report,
                pipeline::doctor(options, pipeline::user_config(), run));
    ENVPACK_CHECK(print_report(report, arguments.format));
    return report.ok() ? done : negative_answer;
}

}  // namespace

void add_doctor(CLI::App& app, Action& action) {
    CLI::App* verb = app.add_subcommand(
        "doctor", "Look at this machine: driver, GPUs, container toolkit, CDI, container engines");
    const auto arguments = std::make_shared<DoctorArguments>();
    verb->add_flag("--gpu", arguments->doctor.gpu, "No usable GPU is a problem");
    verb->add_flag("--probe", arguments->probe, "Compute something on every GPU, too");
    verb->add_option("--root", arguments->doctor.root,
                     "The machine's files, mounted into a container; its driver is not asked")
        ->type_name("DIR")
        ->capture_default_str();
    add_report_format(*verb, arguments->format);
    verb->callback([arguments, &action] {
        action = [arguments](const RunContext& run) { return doctor(*arguments, run); };
    });
}

}  // namespace envpack::cli
