#include "page_fetch.hpp"

#include "envpack/base/text.hpp"
#include "packed_project.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace envpack::index {

namespace {

std::string header_or_empty(const http::Response& response, std::string_view name) {
    const std::string* value = http::find_header(response.headers, name);
    return value == nullptr ? std::string() : *value;
}

struct CacheControl {
    bool no_store = false;
    UnixTime lifetime = 0;  ///< seconds from now on; 0: ask again next time
};

CacheControl read_cache_control(const http::Response& response) {
    constexpr UnixTime longest = 7 * 86'400;  // nobody's typing error decides for a year
    CacheControl control;
    bool no_cache = false;
    const std::string stated = header_or_empty(response, "Cache-Control");
    for (const std::string_view piece : text::split(stated, ',')) {
        const std::string directive = text::to_lower(text::trim(piece));
        if (directive == "no-store") {
            control.no_store = true;
        } else if (directive == "no-cache") {
            no_cache = true;
        } else if (directive.starts_with("max-age=")) {
            UnixTime seconds = 0;
            std::from_chars(directive.data() + 8, directive.data() + directive.size(), seconds);
            control.lifetime = std::clamp<UnixTime>(seconds, 0, longest);
        }
    }
    UnixTime age = 0;
    const std::string text = header_or_empty(response, "Age");
    std::from_chars(text.data(), text.data() + text.size(), age);
    control.lifetime =
        no_cache ? 0 : std::max<UnixTime>(0, control.lifetime - std::max<UnixTime>(age, 0));
    return control;
}

struct Answer {
    http::Response response;
    std::string body;
};

/// As http::get_text(), but every status is an answer.
Result<Answer> ask(http::HttpClient& client, const http::Request& request, const RunContext& run) {
    constexpr int tries = 3;
    for (int attempt = 1;; ++attempt) {
        StringSink sink(static_cast<std::size_t>(request.max_body));
        auto response = client.send(request, sink, run);
        if (response) {
            return Answer{*std::move(response), std::move(sink).take()};
        }
        const bool broke_off =
            response.error().code() == ErrorCode::network_error && !sink.text().empty();
        if (!broke_off || attempt == tries) {
            return fail(std::move(response).error());
        }
    }
}

// Of a cached answer that says that there is no page; its body is the status.
constexpr std::string_view absent_type = "application/x-envpack-absent";

Error absence(const PageRequest& request, int status) {
    return Error(ErrorCode::not_found,
                 fmt::format("`{}` answered {}: there is no such page", request.shown, status))
        .with_http_status(status);
}

/// What the cache holds, if this request can use it.
std::optional<CachedPage> find_usable(const Cache& cache, const PageRequest& request) {
    std::optional<CachedPage> page = cache.find_page(request.shown);
    const bool is_usable = page && !request.ignore_cache &&
                           (page->content_type == absent_type ||
                            (request.read ? page->content_type == request.stored_type
                                          : page->content_type != packed_content_type));
    return is_usable ? std::move(page) : std::nullopt;
}

/// A cache that cannot be written costs time, not the answer.
void keep(const Cache& cache, const CachedPage& page, const RunContext& run) {
    if (const auto stored = cache.store_page(page); !stored) {
        run.note(fmt::format("page not cached: {}", stored.error().message()));
    }
}

}  // namespace

Result<CachedPage> fetch_page(http::HttpClient& client, const Cache& cache, const Clock& clock,
                              const PageRequest& request, const Limits& limits,
                              const RunContext& run) {
    std::optional<CachedPage> cached = find_usable(cache, request);
    if (cached && (request.offline || clock.now() < cached->fresh_until)) {
        if (cached->content_type == absent_type) {
            int status = 404;
            const std::string_view body = cached->body;
            std::from_chars(body.data(), body.data() + body.size(), status);
            return fail(absence(request, status));
        }
        return *std::move(cached);
    }
    if (cached && cached->content_type == absent_type) {
        cached.reset();  // there is no page to validate
    }
    http::Request wire{.url = request.url,
                       .headers = {{"Accept", request.accept}, {"Accept-Encoding", "gzip"}},
                       .max_body = limits.max_json};
    if (cached && !cached->etag.empty()) {
        wire.headers.push_back({"If-None-Match", cached->etag});
    }
    if (cached && !cached->last_modified.empty()) {
        wire.headers.push_back({"If-Modified-Since", cached->last_modified});
    }
    ENVPACK_TRY(Answer answer, ask(client, wire, run));
    const http::Response& response = answer.response;
    const CacheControl control = read_cache_control(response);
    if (response.status == 304 && cached) {
        cached->fresh_until = clock.now() + control.lifetime;
        if (control.lifetime > 0) {
            keep(cache, *cached, run);
        }
        return *std::move(cached);
    }
    if (std::find(request.absent_statuses.begin(), request.absent_statuses.end(),
                  response.status) != request.absent_statuses.end()) {
        if (!control.no_store) {
            keep(cache,
                 {.url = request.shown,
                  .effective_url = request.shown,
                  .content_type = std::string(absent_type),
                  .fresh_until = clock.now() + control.lifetime,
                  .body = std::to_string(response.status)},
                 run);
        }
        return fail(absence(request, response.status));
    }
    if (response.status < 200 || response.status > 299) {
        return fail(http::status_failure(wire, response));
    }
    CachedPage page{.url = request.shown,
                    .effective_url = response.effective_url,
                    .content_type = header_or_empty(response, "Content-Type"),
                    .etag = header_or_empty(response, "ETag"),
                    .last_modified = header_or_empty(response, "Last-Modified"),
                    .fresh_until = clock.now() + control.lifetime,
                    .body = std::move(answer.body)};
    if (request.read) {
        ENVPACK_CHECK(request.read(page));
    }
    if (!control.no_store) {  // without a validator it still serves those who are offline
        keep(cache, page, run);
    }
    return page;
}

}  // namespace envpack::index
