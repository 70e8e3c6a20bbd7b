#include "exchange.hpp"

#include "envpack/base/limits.hpp"
#include "envpack/base/text.hpp"
#include "envpack/http/http_date.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <random>
#include <utility>

#include <fmt/format.h>

namespace envpack::http {

namespace {

using std::chrono::milliseconds;

constexpr int max_redirects = 10;

bool is_success(int status) noexcept {
    return status >= 200 && status <= 299;
}

bool is_redirect(int status) noexcept {
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/// 501 and 505 say «never», so they are not worth a second try.
bool is_transient(int status) noexcept {
    return status == 408 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

/// Retry-After in either form; a date counts from the answer's own Date, so no clock is needed.
std::optional<std::chrono::seconds> retry_after(const std::vector<Header>& headers) {
    const std::string* value = find_header(headers, "Retry-After");
    if (value == nullptr) {
        return std::nullopt;
    }
    if (const auto seconds = parse_number<std::int64_t>(text::trim(*value))) {
        return std::chrono::seconds(std::max<std::int64_t>(*seconds, 0));
    }
    const auto until = parse_http_date(text::trim(*value));
    const std::string* date = find_header(headers, "Date");
    const auto now = date == nullptr ? std::nullopt : parse_http_date(text::trim(*date));
    if (!until || !now) {
        return std::nullopt;
    }
    return std::chrono::seconds(std::max<UnixTime>(*until - *now, 0));
}

milliseconds backoff(const RetryOptions& options, unsigned attempt) {
    milliseconds wait = options.first_wait;
    for (unsigned i = 0; i < attempt && wait < options.max_wait; ++i) {
        wait *= 2;
    }
    wait = std::min<milliseconds>(wait, options.max_wait);
    // Jitter keeps parallel requests from coming back all at once; it never shows in a result.
    thread_local std::minstd_rand random{std::random_device{}()};
    std::uniform_int_distribution<milliseconds::rep> jitter(0, wait.count() / 2);
    return wait + milliseconds(jitter(random));
}

Result<void> wait_for(milliseconds duration, const RunContext& run) {
    if (duration.count() > 0) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        wake.wait_for(lock, run.stop, duration, [] { return false; });
    }
    return run.check();
}

Result<void> check_headers(const std::vector<Header>& headers) {
    for (const Header& header : headers) {
        const bool bad_name =
            header.name.empty() || header.name.find_first_of(" :\r\n\t") != std::string::npos;
        if (bad_name ||
            header.value.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
            return fail(
                ErrorCode::invalid_argument,
                fmt::format("header `{}` cannot be sent as it is", text::printable(header.name)));
        }
    }
    return {};
}

void drop_header(std::vector<Header>& headers, std::string_view name) {
    std::erase_if(headers, [&](const Header& header) {
        return text::equals_ignoring_case(header.name, name);
    });
}

/// One hop with its retries. The answer is in `delivery` afterwards.
Result<void> exchange_with_retries(const Exchange& exchange, const SendPolicy& policy,
                                   const WireRequest& request, Delivery& delivery,
                                   const RunContext& run) {
    const RetryOptions& retry = policy.retry;
    const bool repeatable =
        (request.method == "GET" || request.method == "HEAD") && request.body == nullptr;
    for (unsigned attempt = 0;; ++attempt) {
        ENVPACK_CHECK(run.check());
        WireRequest again = request;
        if (delivery.delivered() > 0) {
            const auto continuation = delivery.continuation();
            again.headers.insert(again.headers.end(), continuation->begin(), continuation->end());
        }
        WireResult result = exchange(again, delivery, run);
        const bool last = !repeatable || attempt >= retry.retries;
        milliseconds wait = backoff(retry, attempt);
        if (result) {
            if (last || !is_transient(delivery.status())) {
                break;
            }
            if (const auto asked = retry_after(delivery.headers())) {
                if (*asked > retry.max_wait) {
                    break;
                }
                wait = *asked;
            }
        } else {
            const bool stuck = delivery.delivered() > 0 && !delivery.continuation();
            if (last || stuck || !result.error().lost_connection) {
                return fail(std::move(result).error().error);
            }
        }
        ENVPACK_CHECK(wait_for(policy.waits ? wait : milliseconds(0), run));
    }
    if (delivery.delivered() > 0 && !is_success(delivery.status())) {
        return fail(ErrorCode::network_error,
                    fmt::format("the body of `{}` broke off and its rest was answered with {}",
                                request.url.shown(), delivery.status()));
    }
    return {};
}

Result<Url> redirect_target(const Url& from, const std::string& location) {
    const auto refuse = [&](std::string_view why, const char* rule) {
        return fail(Error(ErrorCode::network_error,
                          fmt::format("`{}` redirects to `{}`: {}", from.shown(),
                                      text::printable(text::redact_url(location)), why))
                        .with_rule(rule));
    };
    const auto target = from.resolve(text::trim(location));
    if (!target || target->is_file()) {
        return refuse("that is no http or https URL", "http.redirect-target");
    }
    if (from.scheme() == "https" && target->scheme() != "https") {
        return refuse("that leaves https", "http.redirect-downgrade");
    }
    // Userinfo in a redirect is a server's choice of credentials; it is never used.
    return target->without_userinfo().without_fragment();
}

}  // namespace

Delivery::Delivery(const Request& request, ByteSink& sink) : request_(request), sink_(sink) {}

Result<void> Delivery::begin(int status, std::vector<Header> headers) {
    status_ = status;
    headers_ = std::move(headers);
    error_body_.clear();
    if (!is_success(status)) {
        return {};
    }
    const std::string* etag = find_header(headers_, "ETag");
    if (delivered_ > 0) {
        // X6: only 206 with the very next byte of the very same bytes continues a body.
        const std::string* range = find_header(headers_, "Content-Range");
        const bool same = status == 206 && range != nullptr &&
                          range->starts_with(fmt::format("bytes {}-", delivered_)) &&
                          etag != nullptr && *etag == strong_etag_;
        if (!same) {
            return fail(Error(ErrorCode::network_error,
                              fmt::format("the body of `{}` broke off after {} bytes and cannot "
                                          "be continued",
                                          text::redact_url(request_.url), delivered_))
                            .with_rule("http.truncated"));
        }
    } else {
        const std::string* coding = find_header(headers_, "Content-Encoding");
        const bool plain = coding == nullptr || *coding == "identity";
        const bool strong = etag != nullptr && etag->starts_with('"');
        strong_etag_.clear();
        if (status == 200 && plain && strong && find_header(request_.headers, "Range") == nullptr) {
            strong_etag_ = *etag;
        }
        first_ = Response{.status = status, .headers = headers_};
    }
    const std::string* length = find_header(headers_, "Content-Length");
    if (length != nullptr && request_.method != "HEAD") {
        const auto announced = parse_number<std::uint64_t>(text::trim(*length));
        if (announced && *announced > request_.max_body - delivered_) {
            return fail(Error(ErrorCode::limit_exceeded,
                              fmt::format("`{}` announces {} bytes, {} are allowed",
                                          text::redact_url(request_.url), *announced,
                                          request_.max_body - delivered_))
                            .with_rule("http.max-body"));
        }
    }
    return {};
}

Result<void> Delivery::write(std::span<const std::byte> data) {
    if (!is_success(status_)) {
        const std::size_t room = Limits{}.max_error_body - error_body_.size();
        error_body_ += as_text(data.first(std::min(room, data.size())));
        return {};
    }
    if (data.size() > request_.max_body - delivered_) {
        return fail(Error(ErrorCode::limit_exceeded,
                          fmt::format("the body of `{}` is longer than {} bytes",
                                      text::redact_url(request_.url), request_.max_body))
                        .with_rule("http.max-body"));
    }
    ENVPACK_CHECK(sink_.write(data));
    delivered_ += data.size();
    return {};
}

bool Delivery::wants_more() const noexcept {
    return is_success(status_) || error_body_.size() < Limits{}.max_error_body;
}

std::optional<std::vector<Header>> Delivery::continuation() const {
    if (strong_etag_.empty()) {
        return std::nullopt;
    }
    return std::vector<Header>{{"Range", fmt::format("bytes={}-", delivered_)},
                               {"If-Range", strong_etag_}};
}

Response Delivery::response() const {
    if (first_ && is_success(status_)) {
        return *first_;
    }
    return {.status = status_, .headers = headers_, .effective_url = {}, .error_body = error_body_};
}

Result<Response> send_over(const Exchange& exchange, const SendPolicy& policy,
                           const Request& request, ByteSink& body, const RunContext& run) {
    ENVPACK_CHECK(run.check());
    ENVPACK_CHECK(check_headers(request.headers));
    auto parsed = Url::parse(request.url);
    if (!parsed || parsed->is_file()) {
        return fail(ErrorCode::invalid_argument,
                    parsed ? fmt::format("`{}` is not an http or https URL", parsed->shown())
                           : std::string(parsed.error().message()));
    }
    const Origin home = parsed->origin();
    std::optional<Credential> own;
    if (parsed->user() || parsed->password()) {
        own = Credential{parsed->user().value_or(""), parsed->password().value_or("")};
    }
    WireRequest wire{.method = request.method,
                     .url = parsed->without_userinfo().without_fragment(),
                     .headers = request.headers,
                     .body = request.body,
                     .body_size = request.body_size};
    const bool follows = (wire.method == "GET" || wire.method == "HEAD") && wire.body == nullptr;
    Delivery delivery(request, body);
    bool left_home = false;
    for (int hop = 0;; ++hop) {
        WireRequest here = wire;
        if (find_header(here.headers, "Authorization") == nullptr) {
            const Origin origin = here.url.origin();
            const Credential* known =
                own && origin == home ? &*own : policy.credentials.find(origin, left_home);
            if (known != nullptr) {
                here.headers.push_back({"Authorization", known->authorization()});
            }
        }
        ENVPACK_CHECK(exchange_with_retries(exchange, policy, here, delivery, run));
        const std::string* location = find_header(delivery.headers(), "Location");
        if (!follows || !is_redirect(delivery.status()) || location == nullptr) {
            break;
        }
        if (hop == max_redirects) {
            return fail(Error(ErrorCode::network_error,
                              fmt::format("`{}` redirects more than {} times",
                                          text::redact_url(request.url), max_redirects))
                            .with_rule("http.redirects"));
        }
        ENVPACK_TRY(Url target, redirect_target(wire.url, *location));
        if (target.origin() != wire.url.origin()) {
            left_home = true;
            for (const char* secret : {"Authorization", "Cookie", "Proxy-Authorization"}) {
                drop_header(wire.headers, secret);
            }
        }
        wire.url = std::move(target);
    }
    Response response = delivery.response();
    response.effective_url = wire.url.to_string();
    return response;
}

}  // namespace envpack::http
