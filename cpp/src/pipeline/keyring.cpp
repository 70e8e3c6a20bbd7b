#include "keyring.hpp"

#include "envpack/base/process.hpp"
#include "envpack/base/text.hpp"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

constexpr double keyring_time_limit = 60.0;  // seconds; it may ask the user, on a screen of its own
constexpr std::size_t max_answer = 64u << 10;

/// The lines that it printed; nullopt when it knows nothing.
Result<std::optional<std::vector<std::string>>> ask_keyring(std::vector<std::string> arguments,
                                                            const UserConfig& user,
                                                            const RunContext& run) {
    arguments.insert(arguments.begin(), "keyring");
    std::vector<std::string> environment = {"PYTHONIOENCODING=utf-8"};
    for (const auto& [name, value] : user.environment) {
        if (name != "PYTHONIOENCODING") {
            environment.push_back(fmt::format("{}={}", name, value));
        }
    }
    ENVPACK_TRY(const ProcessOutput output, run_process({.arguments = std::move(arguments),
                                                         .environment = std::move(environment),
                                                         .max_output = max_answer,
                                                         .timeout_seconds = keyring_time_limit},
                                                        run));
    if (output.exit_status != 0) {
        return std::nullopt;
    }
    std::vector<std::string> lines;
    for (const std::string_view line : text::lines(output.standard_output)) {
        lines.emplace_back(line);
    }
    return lines;
}

}  // namespace

Result<http::Url> with_keyring(const http::Url& url, const UserConfig& user,
                               const RunContext& run) {
    // A user like `--disable` would be an option of the command.
    if (url.is_file() || url.password() || (url.user() && url.user()->starts_with('-'))) {
        return url;
    }
    // By the index first, then by its host: in both ways people store them.
    const bool is_usual_port = url.port() == (url.scheme() == "https" ? 443 : 80);
    const std::string host =
        is_usual_port ? url.host() : fmt::format("{}:{}", url.host(), url.port());
    for (const std::string& service : {url.shown(), host}) {
        const bool has_user = url.user() && !url.user()->empty();
        auto answer =
            ask_keyring(has_user ? std::vector{std::string("get"), service, *url.user()}
                                 : std::vector<std::string>{"--mode", "creds", "get", service},
                        user, run);
        if (!answer) {
            ENVPACK_CHECK(run.check());
            run.note(answer.error().code() == ErrorCode::not_found
                         ? "there is no `keyring` on PATH to ask for credentials"
                         : "`keyring` does not answer");
            return url;
        }
        const auto& lines = *answer;
        if (!lines || lines->size() < (has_user ? 1u : 2u)) {
            continue;
        }
        return url.with_userinfo(has_user ? *url.user() : lines->at(0),
                                 lines->at(has_user ? 0 : 1));
    }
    return url;
}

}  // namespace envpack::pipeline
