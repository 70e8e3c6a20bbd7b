#include "envpack/http/memory_http_client.hpp"

#include "exchange.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

namespace envpack::http {

namespace {

/// [first, last] of "bytes=a-b", "bytes=a-" or "bytes=-n"; nullopt when it selects nothing.
std::optional<std::pair<std::size_t, std::size_t>> selected(std::string_view range,
                                                            std::size_t size) {
    if (!range.starts_with("bytes=") || size == 0) {
        return std::nullopt;
    }
    range.remove_prefix(6);
    const auto dash = range.find('-');
    const auto number = [](std::string_view text) -> std::optional<std::size_t> {
        std::size_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        const bool whole = error == std::errc() && end == text.data() + text.size();
        return whole ? std::optional(value) : std::nullopt;
    };
    if (dash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto from = number(range.substr(0, dash));
    const auto to = number(range.substr(dash + 1));
    if (!from) {
        return to && *to > 0 ? std::optional(std::pair(size - std::min(size, *to), size - 1))
                             : std::nullopt;
    }
    const std::size_t last = std::min(to.value_or(size - 1), size - 1);
    return *from <= last ? std::optional(std::pair(*from, last)) : std::nullopt;
}

WireResult broken(Error error, bool lost_connection) {
    return tl::unexpected(WireFailure{std::move(error), lost_connection});
}

}  // namespace

MemoryHttpClient::MemoryHttpClient(CredentialStore credentials, unsigned retries)
    : credentials_(std::move(credentials)), retries_(retries) {}

void MemoryHttpClient::route(std::string url, Answer answer) {
    respond(std::move(url), [answer = std::move(answer)](const Recorded&) { return answer; });
}

void MemoryHttpClient::respond(std::string url, Responder responder) {
    const std::scoped_lock lock(mutex_);
    routes_.insert_or_assign(std::move(url), std::move(responder));
}

std::vector<MemoryHttpClient::Recorded> MemoryHttpClient::requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
}

std::size_t MemoryHttpClient::count(std::string_view url) const {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        requests_.begin(), requests_.end(), [&](const Recorded& one) { return one.url == url; }));
}

Result<Response> MemoryHttpClient::send(const Request& request, ByteSink& body,
                                        const RunContext& run) {
    const auto exchange = [this](const WireRequest& wire, Delivery& delivery,
                                 const RunContext& context) -> WireResult {
        Recorded recorded{wire.method, wire.url.to_string(), wire.headers, {}};
        if (wire.body != nullptr) {
            auto sent = read_all(*wire.body, SIZE_MAX);
            if (!sent) {
                return broken(std::move(sent).error(), false);
            }
            recorded.body = *std::move(sent);
        }
        Responder responder = [](const Recorded&) { return Answer{.status = 404}; };
        {
            const std::scoped_lock lock(mutex_);
            requests_.push_back(recorded);
            if (const auto found = routes_.find(recorded.url); found != routes_.end()) {
                responder = found->second;
            }
        }
        Answer answer = responder(recorded);
        const std::string* range = find_header(wire.headers, "Range");
        if (answer.serves_ranges && answer.status == 200 && range != nullptr) {
            const std::size_t size = answer.body.size();
            const std::string* same = find_header(wire.headers, "If-Range");
            const std::string* etag = find_header(answer.headers, "ETag");
            if (const auto part = selected(*range, size); !part) {
                answer = Answer{.status = 416};
            } else if (same == nullptr || (etag != nullptr && *same == *etag)) {
                answer.status = 206;
                answer.headers.push_back(
                    {"Content-Range",
                     fmt::format("bytes {}-{}/{}", part->first, part->second, size)});
                answer.body = answer.body.substr(part->first, part->second - part->first + 1);
            }
        }
        if (find_header(answer.headers, "Content-Length") == nullptr) {
            answer.headers.push_back({"Content-Length", std::to_string(answer.body.size())});
        }
        if (auto begun = delivery.begin(answer.status, answer.headers); !begun) {
            return broken(std::move(begun).error(), false);
        }
        if (wire.method == "HEAD") {
            return {};
        }
        constexpr std::size_t chunk = 4096;
        const std::string_view whole = answer.body;
        const auto rest = whole.substr(0, std::min(answer.breaks_after, whole.size()));
        for (std::size_t at = 0; at < rest.size(); at += chunk) {
            auto stopped = context.check();
            auto written = stopped ? delivery.write(as_bytes(rest.substr(at, chunk))) : stopped;
            if (!written) {
                return broken(std::move(written).error(), false);
            }
        }
        if (rest.size() < whole.size()) {
            return broken(Error(ErrorCode::network_error,
                                fmt::format("the connection of `{}` was lost", recorded.url)),
                          true);
        }
        return {};
    };
    return send_over(exchange,
                     {.credentials = credentials_, .retry = {.retries = retries_}, .waits = false},
                     request, body, run);
}

}  // namespace envpack::http
