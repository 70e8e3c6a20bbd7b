#include "envpack/http/memory_http_client.hpp"

#include <gtest/gtest.h>

namespace envpack::http {
namespace {

TEST(MemoryHttpClient, RedirectNeverLeavesHttps) {
    MemoryHttpClient client;
    client.route("https://a.example/x",
                 {.status = 301, .headers = {{"Location", "http://a.example/x"}}});
    const auto text = get_text(client, {.url = "https://a.example/x"}, 100, {});
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().rule(), "http.redirect-downgrade");
}

TEST(MemoryHttpClient, RangesAreServedWhereScripted) {
    MemoryHttpClient client;
    client.route("https://a.example/x", {.body = "0123456789", .serves_ranges = true});
    const struct {
        const char* range;
        int status;
        const char* body;
    } rows[] = {{"bytes=2-4", 206, "234"},
                {"bytes=7-", 206, "789"},
                {"bytes=-3", 206, "789"},
                {"bytes=-99", 206, "0123456789"},
                {"bytes=10-", 416, ""}};
    for (const auto& row : rows) {
        StringSink sink;
        const auto response = client.send(
            {.url = "https://a.example/x", .headers = {{"Range", row.range}}}, sink, {});
        EXPECT_EQ(response.value().status, row.status);
        EXPECT_EQ(sink.text(), row.body);
    }
}

}  // namespace
}  // namespace envpack::http
