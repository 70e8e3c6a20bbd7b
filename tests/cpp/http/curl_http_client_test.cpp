#include "envpack/http/curl_http_client.hpp"

#include "support/loopback_http_server.hpp"

#include <memory>
#include <mutex>
#include <stop_token>

#include <gtest/gtest.h>

namespace envpack::http {
namespace {

using Answer = MemoryHttpClient::Answer;
using Recorded = MemoryHttpClient::Recorded;

TEST(CurlHttpClient, GzipIsDecodedOnlyWhenAskedForAndCountsDecoded) {
    // gzip of "hello " twenty times: 31 bytes for 120.
    static constexpr char packed[] =
        "\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xcb\x48\xcd\xc9\xc9\x57\xc8\xa0\x3b\x09\x00\x2f"
        "\xfa\xf8\x48\x78\x00\x00\x00";
    const std::string body(packed, sizeof packed - 1);
    test::LoopbackHttpServer server;
    server.route("/z", {.headers = {{"Content-Encoding", "gzip"}}, .body = body});
    CurlHttpClient client({});
    const auto get = [&](std::vector<Header> headers, std::size_t max) {
        return get_text(client, {.url = server.url("/z"), .headers = std::move(headers)}, max, {});
    };
    EXPECT_EQ(get({{"Accept-Encoding", "gzip"}}, 120).value().size(), 120u);
    EXPECT_EQ(get({{"Accept-Encoding", "gzip"}}, 119).error().code(), ErrorCode::limit_exceeded);
    EXPECT_EQ(get({}, 120).value(), body);
    EXPECT_EQ(*find_header(server.requests().back().headers, "Accept-Encoding"), "identity");
    EXPECT_TRUE(
        find_header(server.requests().back().headers, "User-Agent")->starts_with("envpack/"));
}

TEST(CurlHttpClient, UnannouncedBodyBeyondTheLimitIsRefused) {
    test::LoopbackHttpServer server;
    server.route("/c",
                 {.headers = {{"Transfer-Encoding", "chunked"}}, .body = std::string(1001, 'x')});
    CurlHttpClient client({});
    EXPECT_EQ(get_text(client, {.url = server.url("/c")}, 1001, {}).value().size(), 1001u);
    EXPECT_EQ(get_text(client, {.url = server.url("/c")}, 1000, {}).error().code(),
              ErrorCode::limit_exceeded);
}

TEST(CurlHttpClient, StopWakesARequestThatNobodyAnswers) {
    test::LoopbackHttpServer server;
    std::stop_source stop;
    std::mutex gate;
    std::unique_lock held(gate);
    server.respond("/never", [&](const Recorded&) {
        stop.request_stop();
        const std::scoped_lock wait(gate);  // no answer before the test is over
        return Answer{};
    });
    CurlHttpClient client({});
    RunContext run;
    run.stop = stop.get_token();
    EXPECT_EQ(get_text(client, {.url = server.url("/never")}, 10, run).error().code(),
              ErrorCode::cancelled);
    held.unlock();
}

TEST(CurlHttpClient, ConnectionsAreKept) {
    test::LoopbackHttpServer server;
    server.route("/a", {.body = "x"});
    CurlHttpClient client({});
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(get_text(client, {.url = server.url("/a")}, 10, {}));
    }
    EXPECT_EQ(server.connection_count(), 1);
}

TEST(CurlHttpClient, BodyLargerThanItsBufferPassesASlowSink) {
    test::LoopbackHttpServer server;
    const std::string body(12u << 20, 'b');
    server.route("/big", {.body = body});
    CurlHttpClient client({});
    StringSink sink;
    const auto response = client.send({.url = server.url("/big")}, sink, {});
    ASSERT_TRUE(response) << response.error().render();
    EXPECT_TRUE(sink.text() == body);
}

TEST(CurlHttpClient, RefusedConnectionIsANetworkError) {
    std::string url;
    {
        const test::LoopbackHttpServer server;
        url = server.url("/a");
    }
    ClientOptions options;
    options.retry.first_wait = std::chrono::milliseconds(1);
    CurlHttpClient client(options);
    url.insert(7, "me:canary@");
    const auto text = get_text(client, {.url = url}, 10, {});
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code(), ErrorCode::network_error);
    EXPECT_EQ(text.error().render().find("canary"), std::string::npos);
}

TEST(CurlHttpClient, ProxyIsAskedForEverythingButItsExceptions) {
    test::LoopbackHttpServer proxy;
    test::LoopbackHttpServer server;
    server.route("/a", {.body = "direct"});
    ClientOptions options;
    options.retry.retries = 0;
    options.proxies.http = proxy.url("");
    EXPECT_EQ(
        get_text(*std::make_unique<CurlHttpClient>(options), {.url = server.url("/a")}, 10, {})
            .error()
            .code(),
        ErrorCode::not_found);
    EXPECT_EQ(proxy.requests().size(), 1u);
    options.proxies.no_proxy = "127.0.0.1";
    EXPECT_EQ(
        get_text(*std::make_unique<CurlHttpClient>(options), {.url = server.url("/a")}, 10, {})
            .value(),
        "direct");
}

}  // namespace
}  // namespace envpack::http
