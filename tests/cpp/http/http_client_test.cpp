// The contract of HttpClient, for every implementation: the in-memory one, and libcurl against a
// server on loopback.

#include "envpack/http/http_client.hpp"

#include "envpack/base/limits.hpp"
#include "envpack/base/parallel.hpp"
#include "envpack/http/curl_http_client.hpp"
#include "envpack/http/memory_http_client.hpp"
#include "support/loopback_http_server.hpp"

#include <atomic>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

namespace envpack::http {
namespace {

using Answer = MemoryHttpClient::Answer;
using Recorded = MemoryHttpClient::Recorded;

/// Two origins, `here` and `there`, and a client that can reach them.
class MemoryWorld {
public:
    void start(CredentialStore credentials = {}) {
        client_ = std::make_unique<MemoryHttpClient>(std::move(credentials));
        for (auto& [url, responder] : routes_) {
            client_->respond(url, responder);
        }
    }
    std::string here(const std::string& path) const { return "http://here.example" + path; }
    std::string there(const std::string& path) const { return "http://there.example:8080" + path; }
    void respond(const std::string& url, MemoryHttpClient::Responder responder) {
        routes_.emplace_back(url, std::move(responder));
    }
    HttpClient& client() { return *client_; }
    std::vector<Recorded> requests() const { return client_->requests(); }

private:
    std::vector<std::pair<std::string, MemoryHttpClient::Responder>> routes_;
    std::unique_ptr<MemoryHttpClient> client_;
};

class CurlWorld {
public:
    void start(CredentialStore credentials = {}) {
        ClientOptions options;
        options.retry.first_wait = std::chrono::milliseconds(1);
        options.credentials = std::move(credentials);
        client_ = std::make_unique<CurlHttpClient>(std::move(options));
    }
    std::string here(const std::string& path) const { return here_.url(path); }
    std::string there(const std::string& path) const { return there_.url(path); }
    void respond(const std::string& url, MemoryHttpClient::Responder responder) {
        auto& server = url.starts_with(here_.url("")) ? here_ : there_;
        server.respond(url.substr(server.url("").size()), std::move(responder));
    }
    HttpClient& client() { return *client_; }
    std::vector<Recorded> requests() const {
        auto all = here_.requests();
        const auto more = there_.requests();
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }

private:
    test::LoopbackHttpServer here_;
    test::LoopbackHttpServer there_;
    std::unique_ptr<CurlHttpClient> client_;
};

template <class World>
class HttpClientContract : public ::testing::Test {
protected:
    void answer(const std::string& url, Answer answer) {
        world.respond(url, [answer](const Recorded&) { return answer; });
    }
    Result<std::string> get(const std::string& url, std::vector<Header> headers = {},
                            std::size_t max = 1u << 20) {
        return get_text(world.client(), {.url = url, .headers = std::move(headers)}, max, run);
    }
    std::size_t count(const std::string& url) const {
        std::size_t count = 0;
        for (const auto& request : world.requests()) {
            count += request.url == url ? 1 : 0;
        }
        return count;
    }
    World world;
    RunContext run;
};

using Worlds = ::testing::Types<MemoryWorld, CurlWorld>;
TYPED_TEST_SUITE(HttpClientContract, Worlds);

TYPED_TEST(HttpClientContract, StatusesMapToErrors) {
    const struct {
        int status;
        ErrorCode code;
    } rows[] = {{401, ErrorCode::unauthorized}, {403, ErrorCode::unauthorized},
                {404, ErrorCode::not_found},    {410, ErrorCode::not_found},
                {400, ErrorCode::http_status},  {429, ErrorCode::http_status},
                {500, ErrorCode::http_status},  {501, ErrorCode::http_status},
                {304, ErrorCode::http_status}};
    this->world.start();
    for (const auto& row : rows) {
        // A real server must give this every time, the scripted one does.
        const std::string url = this->world.here("/" + std::to_string(row.status));
        this->answer(url, {.status = row.status, .headers = {{"Retry-After", "0"}}});
        this->world.start();
        const auto text = this->get(url);
        ASSERT_FALSE(text) << row.status;
        EXPECT_EQ(text.error().code(), row.code) << row.status;
        EXPECT_EQ(text.error().http_status(), row.status);
    }
}

TYPED_TEST(HttpClientContract, BodyAndHeadersOfASuccessArrive) {
    const std::string body(300'000, 'x');
    this->answer(this->world.here("/a"), {.headers = {{"X-Kind", "big"}}, .body = body});
    this->world.start();
    StringSink sink;
    const auto response =
        this->world.client().send({.url = this->world.here("/a#frag")}, sink, this->run);
    ASSERT_TRUE(response) << response.error().render();
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(*find_header(response->headers, "x-kind"), "big");
    EXPECT_EQ(response->effective_url, this->world.here("/a"));
    EXPECT_EQ(sink.text(), body);
}

TYPED_TEST(HttpClientContract, ErrorBodyIsKeptForMessagesOnly) {
    this->answer(this->world.here("/a"), {.status = 404, .body = std::string(300'000, 'e')});
    this->world.start();
    StringSink sink;
    const auto response =
        this->world.client().send({.url = this->world.here("/a")}, sink, this->run);
    ASSERT_TRUE(response);
    EXPECT_TRUE(sink.text().empty());
    EXPECT_EQ(response->error_body, std::string(Limits{}.max_error_body, 'e'));
}

TYPED_TEST(HttpClientContract, RequestBodyAndMethodArrive) {
    const std::string body(700'000, 'u');
    for (const char* method : {"PUT", "POST", "PATCH"}) {
        for (const bool sized : {true, false}) {
            this->answer(this->world.here("/up"), {.status = 201});
            this->world.start();
            MemorySource source{std::string_view(body)};
            NullSink sink;
            Request request{.method = method, .url = this->world.here("/up"), .body = &source};
            if (sized) {
                request.body_size = body.size();
            }
            const auto response = this->world.client().send(request, sink, this->run);
            ASSERT_TRUE(response) << response.error().render();
            EXPECT_EQ(response->status, 201);
            EXPECT_EQ(this->world.requests().back().method, method);
            EXPECT_TRUE(this->world.requests().back().body == body);
        }
    }
}

TYPED_TEST(HttpClientContract, MethodsWithoutABodyArrive) {
    for (const char* method : {"GET", "HEAD", "POST", "PUT", "DELETE"}) {
        this->answer(this->world.here("/m"), {.status = 200});
        this->world.start();
        NullSink sink;
        const auto response = this->world.client().send(
            {.method = method, .url = this->world.here("/m")}, sink, this->run);
        ASSERT_TRUE(response) << response.error().render();
        EXPECT_EQ(this->world.requests().back().method, method);
    }
}

TYPED_TEST(HttpClientContract, RedirectsAreFollowedToTheirEnd) {
    for (const int status : {301, 302, 303, 307, 308}) {
        const std::string from = "/from" + std::to_string(status);
        this->answer(this->world.here(from),
                     {.status = status, .headers = {{"Location", "/to?x=1"}}, .body = "moved"});
        this->answer(this->world.here("/to?x=1"), {.body = "arrived"});
        this->world.start();
        StringSink sink;
        const auto response =
            this->world.client().send({.url = this->world.here(from)}, sink, this->run);
        ASSERT_TRUE(response) << response.error().render();
        EXPECT_EQ(sink.text(), "arrived");
        EXPECT_EQ(response->effective_url, this->world.here("/to?x=1"));
    }
}

TYPED_TEST(HttpClientContract, TenRedirectsAreFollowedAndElevenAreNot) {
    for (int i = 0; i < 11; ++i) {
        this->answer(this->world.here("/" + std::to_string(i)),
                     {.status = 302, .headers = {{"Location", "/" + std::to_string(i + 1)}}});
    }
    this->answer(this->world.here("/11"), {.body = "arrived"});
    this->world.start();
    EXPECT_EQ(this->get(this->world.here("/1")).value(), "arrived");
    const auto eleven = this->get(this->world.here("/0"));
    ASSERT_FALSE(eleven);
    EXPECT_EQ(eleven.error().rule(), "http.redirects");
}

TYPED_TEST(HttpClientContract, RedirectToAnotherKindOfUrlIsRefused) {
    const char* targets[] = {"file:///etc/hostname", "ftp://here.example/x", "javascript:1",
                             "https://:80/", "http://here.example:0/"};
    for (const char* target : targets) {
        this->answer(this->world.here("/r"), {.status = 302, .headers = {{"Location", target}}});
        this->world.start();
        const auto text = this->get(this->world.here("/r"));
        ASSERT_FALSE(text) << target;
        EXPECT_EQ(text.error().rule(), "http.redirect-target") << target;
    }
}

TYPED_TEST(HttpClientContract, MethodsThatChangeThingsAreNotRedirected) {
    this->answer(this->world.here("/r"), {.status = 307, .headers = {{"Location", "/x"}}});
    this->world.start();
    NullSink sink;
    const auto response = this->world.client().send(
        {.method = "POST", .url = this->world.here("/r")}, sink, this->run);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 307);
}

TYPED_TEST(HttpClientContract, SecretsStayWithTheirOrigin) {
    // Every secret there is, and redirects that lead away, back, and away with userinfo.
    const std::string there = this->world.there("/b");
    this->answer(this->world.here("/a"), {.status = 302, .headers = {{"Location", there}}});
    std::string tempting = this->world.there("/c");
    tempting.insert(tempting.find("//") + 2, "evil:canary@");
    this->answer(there, {.status = 302, .headers = {{"Location", tempting}}});
    this->answer(this->world.there("/c"),
                 {.status = 302, .headers = {{"Location", this->world.here("/d")}}});
    this->answer(this->world.here("/d"), {.body = "end"});
    CredentialStore store;
    store.add(Url::parse(this->world.here("/")).value().origin(), {"stored", "canary"});
    const std::string machine = Url::parse(this->world.here("/")).value().host();
    ASSERT_TRUE(store.add_netrc("machine " + machine + " login netrc password canary"));
    std::string with_userinfo = this->world.here("/a");
    with_userinfo.insert(with_userinfo.find("//") + 2, "me:canary@");
    const std::vector<Header> explicit_headers = {
        {"Authorization", "Bearer canary"}, {"Cookie", "canary"}, {"X-Harmless", "1"}};
    const struct {
        std::string url;
        std::vector<Header> headers;
        std::string first_authorization;
    } rows[] = {{this->world.here("/a"), explicit_headers, "Bearer canary"},
                {with_userinfo, {}, Credential{"me", "canary"}.authorization()},
                {this->world.here("/a"), {}, Credential{"stored", "canary"}.authorization()}};
    for (const auto& row : rows) {
        this->world.start(store);
        const std::size_t before = this->world.requests().size();
        ASSERT_EQ(this->get(row.url, row.headers).value(), "end");
        std::size_t elsewhere = 0;
        auto requests = this->world.requests();
        for (const auto& request : requests) {
            if (request.url == this->world.here("/a")) {
                const auto* sent = find_header(request.headers, "Authorization");
                ASSERT_NE(sent, nullptr);
            }
            if (request.url.starts_with(this->world.there("/"))) {
                ++elsewhere;
                EXPECT_EQ(find_header(request.headers, "Authorization"), nullptr);
                EXPECT_EQ(find_header(request.headers, "Cookie"), nullptr);
            }
            EXPECT_EQ(request.url.find("canary"), std::string::npos);
        }
        EXPECT_GE(elsewhere, 2u);
        EXPECT_GE(requests.size(), before == 0 ? 4u : before);
    }
}

TYPED_TEST(HttpClientContract, SameOriginRedirectKeepsAuthorization) {
    this->answer(this->world.here("/a"), {.status = 302, .headers = {{"Location", "/b"}}});
    this->answer(this->world.here("/b"), {.body = "end"});
    this->world.start();
    ASSERT_EQ(this->get(this->world.here("/a"), {{"Authorization", "Bearer x"}}).value(), "end");
    EXPECT_EQ(*find_header(this->world.requests().back().headers, "Authorization"), "Bearer x");
}

TYPED_TEST(HttpClientContract, TransientAnswersAreTriedAgain) {
    for (const int status : {408, 429, 500, 502, 503, 504}) {
        const std::string url = this->world.here("/" + std::to_string(status));
        this->world.respond(
            url, [status, n = std::make_shared<std::atomic<int>>()](const Recorded&) {
                return (*n)++ < 2 ? Answer{.status = status, .headers = {{"Retry-After", "0"}}}
                                  : Answer{.body = "at last"};
            });
        this->world.start();
        EXPECT_EQ(this->get(url).value(), "at last") << status;
        EXPECT_EQ(this->count(url), 3u);
    }
}

TYPED_TEST(HttpClientContract, TriesAreBounded) {
    this->answer(this->world.here("/down"), {.status = 503});
    this->world.start();
    EXPECT_EQ(this->get(this->world.here("/down")).error().http_status(), 503);
    EXPECT_EQ(this->count(this->world.here("/down")), 4u);
}

TYPED_TEST(HttpClientContract, WhatShouldNotBeRepeatedIsNot) {
    const struct {
        const char* method;
        int status;
        std::vector<Header> headers;
    } rows[] = {{"POST", 503, {}},
                {"PUT", 503, {}},
                {"GET", 501, {}},
                {"GET", 404, {}},
                {"GET", 429, {{"Retry-After", "1000000000"}}},
                {"GET",
                 503,
                 {{"Date", "Sun, 06 Nov 1994 08:00:00 GMT"},
                  {"Retry-After", "Sun, 06 Nov 1994 09:00:00 GMT"}}}};
    int number = 0;
    for (const auto& row : rows) {
        const std::string url = this->world.here("/once" + std::to_string(number++));
        this->answer(url, {.status = row.status, .headers = row.headers});
        this->world.start();
        NullSink sink;
        const auto response =
            this->world.client().send({.method = row.method, .url = url}, sink, this->run);
        ASSERT_TRUE(response);
        EXPECT_EQ(response->status, row.status);
        EXPECT_EQ(this->count(url), 1u) << number;
    }
}

TYPED_TEST(HttpClientContract, BrokenBodyIsAnErrorAndNeverAShortSuccess) {
    this->answer(this->world.here("/cut"), {.body = std::string(9000, 'x'), .breaks_after = 5000});
    this->world.start();
    StringSink sink;
    const auto response =
        this->world.client().send({.url = this->world.here("/cut")}, sink, this->run);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), ErrorCode::network_error);
}

TYPED_TEST(HttpClientContract, BrokenBodyContinuesOnlyWithProof) {
    std::string body;
    for (int i = 0; i < 3000; ++i) {
        body += std::to_string(i);
    }
    const auto served = [&](const std::string& first_etag, const std::string& rest_etag,
                            int rest_status, std::size_t shift) {
        return [=](const Recorded& request) {
            const auto* range = find_header(request.headers, "Range");
            if (range == nullptr) {
                return Answer{
                    .headers = {{"ETag", first_etag}}, .body = body, .breaks_after = 5000};
            }
            const std::size_t from = std::stoul(range->substr(6));
            return Answer{.status = rest_status,
                          .headers = {{"ETag", rest_etag},
                                      {"Content-Range", "bytes " + std::to_string(from + shift) +
                                                            "-" + std::to_string(body.size() - 1) +
                                                            "/" + std::to_string(body.size())}},
                          .body = body.substr(from)};
        };
    };
    const struct {
        const char* first_etag;
        const char* rest_etag;
        int status;
        std::size_t shift;
        bool whole;
    } rows[] = {{"\"a\"", "\"a\"", 206, 0, true},      {"\"a\"", "\"b\"", 206, 0, false},
                {"\"a\"", "\"a\"", 200, 0, false},     {"\"a\"", "\"a\"", 206, 1, false},
                {"W/\"a\"", "W/\"a\"", 206, 0, false}, {"\"a\"", "\"a\"", 404, 0, false}};
    int number = 0;
    for (const auto& row : rows) {
        const std::string url = this->world.here("/part" + std::to_string(number++));
        this->world.respond(url, served(row.first_etag, row.rest_etag, row.status, row.shift));
        this->world.start();
        StringSink sink;
        const auto response = this->world.client().send({.url = url}, sink, this->run);
        EXPECT_EQ(response.has_value(), row.whole) << number;
        if (response) {
            EXPECT_EQ(response->status, 200);
            EXPECT_EQ(sink.text(), body);
        }
    }
}

TYPED_TEST(HttpClientContract, BodyBeyondTheLimitIsRefused) {
    this->answer(this->world.here("/exact"), {.body = std::string(1000, 'x')});
    this->answer(this->world.here("/long"), {.body = std::string(1001, 'x')});
    this->world.start();
    EXPECT_TRUE(this->get(this->world.here("/exact"), {}, 1000));
    const auto text = this->get(this->world.here("/long"), {}, 1000);
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code(), ErrorCode::limit_exceeded);
    EXPECT_EQ(text.error().rule(), "http.max-body");
    EXPECT_EQ(this->count(this->world.here("/long")), 1u);
}

TYPED_TEST(HttpClientContract, FailureOfTheSinkIsTheFailureOfTheRequest) {
    this->answer(this->world.here("/a"), {.body = std::string(100'000, 'x')});
    this->world.start();
    StringSink sink(10);
    const auto response =
        this->world.client().send({.url = this->world.here("/a")}, sink, this->run);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().code(), ErrorCode::limit_exceeded);
    EXPECT_EQ(this->count(this->world.here("/a")), 1u);
}

TYPED_TEST(HttpClientContract, StoppedRunSendsNothing) {
    this->world.start();
    std::stop_source stop;
    stop.request_stop();
    this->run.stop = stop.get_token();
    EXPECT_EQ(this->get(this->world.here("/a")).error().code(), ErrorCode::cancelled);
    EXPECT_TRUE(this->world.requests().empty());
}

TYPED_TEST(HttpClientContract, StopDuringAnAnswerEndsTheRequest) {
    std::stop_source stop;
    this->world.respond(this->world.here("/a"), [&](const Recorded&) {
        stop.request_stop();
        return Answer{.body = std::string(100'000, 'x')};
    });
    this->world.start();
    this->run.stop = stop.get_token();
    EXPECT_EQ(this->get(this->world.here("/a")).error().code(), ErrorCode::cancelled);
}

TYPED_TEST(HttpClientContract, UnusableRequestsAreRefused) {
    this->world.start();
    for (const char* url : {"file:///etc/hostname", "ftp://a.example/", "x", ""}) {
        EXPECT_EQ(this->get(url).error().code(), ErrorCode::invalid_argument) << url;
    }
    for (const Header& header :
         {Header{"X", "a\r\nY: b"}, Header{"X\r\nY", "a"}, Header{"", "a"}, Header{"X:", "a"}}) {
        EXPECT_EQ(this->get(this->world.here("/a"), {header}).error().code(),
                  ErrorCode::invalid_argument);
    }
}

TYPED_TEST(HttpClientContract, ManyThreadsShareOneClient) {
    for (int i = 0; i < 40; ++i) {
        this->answer(this->world.here("/" + std::to_string(i)),
                     {.body = std::string(20'000, static_cast<char>('a' + i % 26))});
    }
    this->world.start();
    this->run.max_parallel = 8;
    const auto texts = parallel_map<std::string>(
        40, [&](std::size_t i) { return this->get(this->world.here("/" + std::to_string(i))); },
        this->run);
    ASSERT_TRUE(texts) << texts.error().render();
    for (std::size_t i = 0; i < 40; ++i) {
        EXPECT_EQ((*texts)[i], std::string(20'000, static_cast<char>('a' + i % 26)));
    }
}

}  // namespace
}  // namespace envpack::http
