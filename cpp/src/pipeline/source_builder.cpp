#include "source_builder.hpp"

#include "direct_source.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/process.hpp"
#include "envpack/base/text.hpp"
#include "envpack/packaging/wheel_filename.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr double build_time_limit = 3600.0;  // seconds; compilers of large extensions are slow
// Times inside of built wheels; zip knows none before 1980.
constexpr std::string_view wheel_epoch = "315619200";

bool names_url(std::string_view place) {
    return place.find("://") != std::string_view::npos;
}

/// What pip is started with: the user's variables, and what the options of the call say beside
/// them. Variables, since URLs can hold a password, and everybody can read the arguments of a
/// process; each one stands for an option of pip (pip documentation, "Environment Variables").
std::vector<std::string> pip_environment(const IndexOptions& indexes, const UserConfig& user) {
    auto variables = user.environment;
    const auto add = [&](const char* name, const std::string& value) {
        std::string& all = variables[name];
        all += (all.empty() ? "" : " ") + value;
    };
    if (indexes.no_index || indexes.offline) {
        variables["PIP_NO_INDEX"] = "1";
    }
    if (indexes.index_url) {
        variables["PIP_INDEX_URL"] = *indexes.index_url;
    }
    for (const std::string& url : indexes.extra_index_urls) {
        add("PIP_EXTRA_INDEX_URL", url);
    }
    for (const std::string& place : indexes.find_links) {
        if (names_url(place)) {
            add("PIP_FIND_LINKS", place);
        }
    }
    if (indexes.keyring) {
        variables["PIP_KEYRING_PROVIDER"] =
            *indexes.keyring == KeyringProvider::subprocess ? "subprocess" : "disabled";
    }
    if (user.variable("SOURCE_DATE_EPOCH").empty()) {
        variables["SOURCE_DATE_EPOCH"] = wheel_epoch;
    }
    std::vector<std::string> environment;
    for (const auto& [name, value] : variables) {
        environment.push_back(fmt::format("{}={}", name, value));
    }
    return environment;
}

/// Folders with files, which may have a space in their name: no list in a variable can say that.
std::vector<std::string> pip_folder_arguments(const IndexOptions& indexes) {
    std::vector<std::string> arguments;
    for (const std::string& place : indexes.find_links) {
        if (!names_url(place)) {
            arguments.insert(arguments.end(), {"--find-links", place});
        }
    }
    return arguments;
}

/// The end of what a build printed: there the reason stands.
std::string last_lines(std::string_view output, std::size_t count) {
    std::vector<std::string_view> lines;
    for (const std::string_view line : text::split(output, '\n')) {
        if (!text::trim(line).empty()) {
            lines.push_back(line);
        }
    }
    std::string shown;
    for (std::size_t i = lines.size() - std::min(lines.size(), count); i < lines.size(); ++i) {
        shown += "\n  | " + text::printable(lines[i], 300);
    }
    return shown;
}

}  // namespace

SourceBuilder::SourceBuilder(const env::Interpreter& target,
                             const std::vector<packaging::Tag>& tags, fs::path target_python,
                             const IndexOptions& indexes, const UserConfig& user, bool allowed)
    : version_(target.short_version() + target.abi_flags),
      target_(fmt::format("{}\n{}\n{}\n{}\n", target.implementation, version_, target.machine,
                          target.libc.to_string())),
      tags_(tags),
      machine_(target.machine),
      target_python_(std::move(target_python)),
      folder_arguments_(pip_folder_arguments(indexes)),
      pip_environment_(pip_environment(indexes, user)),
      has_policy_(!indexes.pins.empty() || (!indexes.extra_index_urls.empty() &&
                                            indexes.strategy == index::IndexStrategy::first_index)),
      user_(user),
      cache_(user.cache_directory()),
      allowed_(allowed) {}

Digest SourceBuilder::target_key(const Digest& key) const {
    const std::string text = fmt::format("built-2\n{}\n{}", key.hex(), target_);
    return Digest::of(as_bytes(text));
}

Result<fs::path> SourceBuilder::find_python(const RunContext& run) const {
    if (python_) {
        return *python_;
    }
    std::vector<std::string> names;
    if (!target_python_.empty()) {
        names.push_back(target_python_.string());
    }
    names.insert(names.end(), {"python" + version_, "python3", "python"});
    if (!user_.own_python.empty()) {
        names.push_back(user_.own_python.string());
    }
    std::optional<fs::path> other;  // has pip, but is another version: good for pure Python
    for (const std::string& name : names) {
        const ProcessOptions options{
            .arguments = {name, "-I", "-c",
                          "import sys, sysconfig, pip; free = sysconfig.get_config_var("
                          "'Py_GIL_DISABLED'); print('%d.%d%s' % (*sys.version_info[:2], 't' if "
                          "free else ''), sys.executable)"},
            .max_output = 64u << 10,
            .timeout_seconds = 30.0};
        const auto output = run_process(options, run);
        ENVPACK_CHECK(run.check());
        if (!output || output->exit_status != 0) {
            continue;
        }
        const std::string_view answer = text::trim(output->standard_output);
        const std::size_t space = answer.find(' ');
        if (space == std::string_view::npos) {
            continue;
        }
        const fs::path executable{std::string(answer.substr(space + 1))};
        if (answer.substr(0, space) == version_) {
            python_ = executable;
            return executable;
        }
        other = other ? other : executable;
    }
    if (!other) {
        return fail(Error(ErrorCode::not_found,
                          "no Python on this machine has pip, which builds "
                          "packages from source")
                        .with_hint("install pip, or refuse source distributions with --no-build"));
    }
    python_ = other;
    return *other;
}

Result<BuiltWheel> SourceBuilder::run_pip(const std::string& source, std::string_view what,
                                          const RunContext& run) const {
    ENVPACK_TRY(const fs::path python, find_python(run));
    const fs::path scratch = cache_.root() / "scratch";
    ENVPACK_CHECK(ensure_directory(scratch));
    ENVPACK_TRY(const TemporaryDirectory folder, TemporaryDirectory::create(scratch));
    ProcessOptions options{
        .arguments = {python.string(), "-m", "pip", "wheel", "--no-deps", "--quiet", "--no-input",
                      "--disable-pip-version-check", "--wheel-dir", folder.path().string()},
        // `-m` looks into the working folder first: an empty one.
        .working_directory = folder.path().string(),
        .timeout_seconds = build_time_limit};
    options.arguments.insert(options.arguments.end(), folder_arguments_.begin(),
                             folder_arguments_.end());
    if (source.starts_with("file:")) {
        options.arguments.push_back(source);
    } else {
        // pip starts in another folder.
        ENVPACK_TRY(const fs::path absolute, absolute_path(source));
        options.arguments.push_back(absolute.string());
    }
    options.environment = pip_environment_;
    run.report(fmt::format("building {}", what), 0, std::nullopt);
    ENVPACK_TRY(const ProcessOutput output, run_process(options, run));
    if (output.exit_status != 0) {
        return fail(Error(ErrorCode::build_failed,
                          fmt::format("pip could not build {}:{}", what,
                                      last_lines(text::redact_urls(output.standard_error), 12)))
                        .with_hint("install what the build needs, name a version with a wheel, or "
                                   "refuse source distributions with --no-build"));
    }
    std::vector<fs::path> wheels;
    std::error_code failed;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder.path(), failed)) {
        if (entry.path().extension() == ".whl") {
            wheels.push_back(entry.path());
        }
    }
    if (failed || wheels.size() != 1) {
        return fail(
            ErrorCode::build_failed,
            fmt::format("the build of {} left {} wheels instead of one", what, wheels.size()));
    }
    const std::string filename = wheels.front().filename().string();
    ENVPACK_CHECK(check_fits(filename, fmt::format("what {} builds as", what)));
    ENVPACK_TRY(const Digest sha256, digest_of_file(wheels.front(), run));
    ENVPACK_TRY(AtomicFile kept, cache_.begin_file());
    ENVPACK_TRY(FileSource made, FileSource::open(wheels.front()));
    ENVPACK_CHECK(copy(made, kept, run));
    ENVPACK_TRY(fs::path path, cache_.store_file(std::move(kept), sha256, filename));
    return BuiltWheel{.path = std::move(path), .filename = filename, .sha256 = sha256};
}

Result<void> SourceBuilder::check_fits(std::string_view filename, std::string_view what) const {
    ENVPACK_TRY(const auto name, packaging::WheelFilename::parse(filename));
    if (tags_.rank(name.tags)) {
        return {};
    }
    return fail(Error(ErrorCode::build_failed,
                      fmt::format("{} is {}, which is not for the target (Python {}, {})", what,
                                  filename, version_, machine_))
                    .with_hint(fmt::format("install Python {} with pip on this machine, or build "
                                           "the wheel where the target runs and name its folder "
                                           "with --find-links",
                                           version_)));
}

Result<std::optional<BuiltWheel>> SourceBuilder::find_built(const Digest& key,
                                                            const RunContext& run) const {
    const auto built = cache_.find_built(target_key(key));
    if (!built || !check_fits(built->second, "")) {
        return std::nullopt;
    }
    const auto& [sha256, filename] = *built;
    ENVPACK_TRY(auto path, cache_.find_file(sha256, filename, run));
    if (!path) {
        return std::nullopt;
    }
    return BuiltWheel{.path = *std::move(path), .filename = filename, .sha256 = sha256};
}

Result<BuiltWheel> SourceBuilder::build(const std::string& source, std::string_view what,
                                        const std::optional<Digest>& key,
                                        const RunContext& run) const {
    if (key) {
        ENVPACK_TRY(auto built, find_built(*key, run));
        if (built) {
            return *std::move(built);
        }
    }
    if (!allowed_) {
        return fail(Error(ErrorCode::build_failed,
                          fmt::format("{} would have to be built from source, which --no-build "
                                      "refuses",
                                      what)));
    }
    const std::lock_guard lock(mutex_);
    if (has_policy_ && !std::exchange(is_policy_noted_, true)) {
        run.note(
            fmt::format("building {}: pip takes what the build itself requires from all "
                        "indexes together, without --index-pin and --index-strategy",
                        what));
    }
    ENVPACK_TRY(BuiltWheel wheel, run_pip(source, what, run));
    if (key) {
        if (const auto kept = cache_.store_built(target_key(*key), wheel.sha256, wheel.filename);
            !kept) {
            run.note(fmt::format("built wheel not remembered: {}", kept.error().message()));
        }
    }
    return wheel;
}

}  // namespace envpack::pipeline
