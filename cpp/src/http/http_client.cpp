#include "envpack/http/http_client.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::http {

const std::string* find_header(const std::vector<Header>& headers, std::string_view name) noexcept {
    const auto found = std::find_if(headers.begin(), headers.end(), [&](const Header& header) {
        return text::equals_ignoring_case(header.name, name);
    });
    return found == headers.end() ? nullptr : &found->value;
}

Result<std::string> get_text(HttpClient& client, const Request& request, std::size_t max_size,
                             const RunContext& run) {
    // A body that broke off cannot always be continued by the client; small texts are cheap to
    // ask for again, whole.
    constexpr int tries = 3;
    Request bounded = request;
    bounded.max_body = std::min<std::uint64_t>(request.max_body, max_size);
    for (int attempt = 1;; ++attempt) {
        StringSink sink(max_size);
        auto response = client.send(bounded, sink, run);
        if (!response) {
            const bool broke_off = response.error().code() == ErrorCode::network_error &&
                                   !sink.text().empty() && request.body == nullptr;
            if (broke_off && attempt < tries) {
                continue;
            }
            return fail(std::move(response).error());
        }
        if (response->status < 200 || response->status > 299) {
            return fail(status_failure(request, *response));
        }
        return std::move(sink).take();
    }
}

Error status_failure(const Request& request, const Response& response) {
    const int status = response.status;
    const std::string url =
        text::redact_url(response.effective_url.empty() ? request.url : response.effective_url);
    const auto make = [&](ErrorCode code, std::string_view said) {
        return Error(code,
                     fmt::format("`{}` answered {}{}", text::printable(url, 2000), status, said))
            .with_http_status(status);
    };
    switch (status) {
        case 401:
            return make(ErrorCode::unauthorized, ": it wants credentials")
                .with_hint("put them into the URL as `https://user:token@host/` or into ~/.netrc");
        case 403:
            return make(ErrorCode::unauthorized, ": access is forbidden")
                .with_hint("check the credentials for this host");
        case 404:
        case 410:
            return make(ErrorCode::not_found, ": there is no such document");
        case 429:
            return make(ErrorCode::http_status, ": too many requests").with_hint("try again later");
        default:
            return make(ErrorCode::http_status, "");
    }
}

}  // namespace envpack::http
