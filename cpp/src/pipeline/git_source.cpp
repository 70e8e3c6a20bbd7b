#include "git_source.hpp"

#include "envpack/base/process.hpp"
#include "envpack/base/text.hpp"

#include <vector>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

constexpr double git_time_limit = 1800.0;  // seconds

Result<std::string> git(std::vector<std::string> arguments, const std::string& url,
                        const std::vector<std::string>& environment, const RunContext& run) {
    arguments.insert(arguments.begin(), "git");
    const ProcessOptions options{.arguments = std::move(arguments),
                                 .environment = environment,
                                 .timeout_seconds = git_time_limit};
    auto output = run_process(options, run);
    if (!output) {
        if (output.error().code() == ErrorCode::not_found) {
            return fail(Error(ErrorCode::not_found, "there is no git on PATH")
                            .with_hint("install git, or name a released version"));
        }
        return fail(std::move(output).error());
    }
    if (output->exit_status != 0) {
        return fail(Error(
            ErrorCode::network_error,
            fmt::format(
                "git cannot fetch `{}`: {}", text::printable(text::redact_url(url)),
                text::printable(text::redact_urls(text::trim(output->standard_error)), 600))));
    }
    return std::string(text::trim(output->standard_output));
}

}  // namespace

bool is_full_commit(std::string_view revision) noexcept {
    return (revision.size() == 40 || revision.size() == 64) &&
           revision.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

Result<std::string> check_out(const std::string& url, const std::string& revision,
                              const std::filesystem::path& folder, const UserConfig& user,
                              bool offline, const RunContext& run) {
    if (url.starts_with('-') || revision.starts_with('-')) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("`{}` is no repository", text::printable(url)));
    }
    std::vector<std::string> environment = {"GIT_TERMINAL_PROMPT=0", "LC_ALL=C"};
    if (offline) {
        if (!text::to_lower(url).starts_with("file:")) {
            return fail(Error(ErrorCode::network_error,
                              fmt::format("`{}` was not fetched before, and this run is offline",
                                          text::printable(text::redact_url(url))))
                            .with_rule("http.offline")
                            .with_hint("run once without --offline, naming the full commit"));
        }
        environment.emplace_back("GIT_ALLOW_PROTOCOL=file");  // of its submodules, too
    }
    for (const auto& [name, value] : user.environment) {
        const bool is_ours = name == "GIT_TERMINAL_PROMPT" || name == "LC_ALL" ||
                             name == "GIT_DIR" || name == "GIT_WORK_TREE" ||
                             (offline && name == "GIT_ALLOW_PROTOCOL");
        if (!is_ours) {
            environment.push_back(fmt::format("{}={}", name, value));
        }
    }
    const std::string place = folder.string();
    run.report(fmt::format("git {}", text::redact_url(url)), 0, std::nullopt);
    ENVPACK_CHECK(
        git({"clone", "--quiet", "--no-checkout", "--", url, place}, url, environment, run));
    // A branch is known as origin's after a clone; tags and commits by their own names.
    std::string commit;
    // What looks like a commit is one, whatever branches are called.
    std::vector<std::string> names = {revision.empty() ? "HEAD" : revision};
    if (!revision.empty() && !is_full_commit(revision)) {
        names = {"refs/remotes/origin/" + revision, "refs/tags/" + revision, revision};
    }
    for (const std::string& name : names) {
        if (auto found = git({"-C", place, "rev-parse", "--quiet", "--verify", "--end-of-options",
                              name + "^{commit}"},
                             url, environment, run)) {
            commit = *std::move(found);
            break;
        }
        ENVPACK_CHECK(run.check());
    }
    if (commit.empty()) {
        // A commit that no branch holds any more is still handed out by its full id.
        ENVPACK_CHECK(
            git({"-C", place, "fetch", "--quiet", "origin", revision}, url, environment, run));
        ENVPACK_TRY(commit, git({"-C", place, "rev-parse", "--verify", "FETCH_HEAD^{commit}"}, url,
                                environment, run));
    }
    ENVPACK_CHECK(
        git({"-C", place, "checkout", "--quiet", "--detach", commit}, url, environment, run));
    ENVPACK_CHECK(git({"-C", place, "submodule", "--quiet", "update", "--init", "--recursive"}, url,
                      environment, run));
    return commit;
}

}  // namespace envpack::pipeline
