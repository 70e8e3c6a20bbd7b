#include "envpack/http/credentials.hpp"

#include "envpack/http/http_date.hpp"

#include <gtest/gtest.h>

namespace envpack::http {
namespace {

TEST(Credential, AuthorizationIsBase64WithPadding) {
    // RFC 7617 section 2 and RFC 4648 section 10.
    EXPECT_EQ((Credential{"Aladdin", "open sesame"}).authorization(),
              "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
    EXPECT_EQ((Credential{"f", "o"}).authorization(), "Basic Zjpv");
    EXPECT_EQ((Credential{"", ""}).authorization(), "Basic Og==");
    EXPECT_EQ((Credential{"fo", "ob"}).authorization(), "Basic Zm86b2I=");
}

constexpr const char* netrc = R"(# a comment
machine index.example login me password secret
machine Other.Example
    login you
    account ignored
    password "with \"quotes\" and space"
macdef upload
  put everything
  machine fake.example login a password b

machine hash.example login x password #y
default login anybody password anything
)";

TEST(CredentialStore, ReadsMachinesOfNetrc) {
    CredentialStore store;
    ASSERT_TRUE(store.add_netrc(netrc));
    const auto at = [&](const char* host) {
        const auto* found = store.find({"https", host, 443}, false);
        return found == nullptr ? std::string("none") : found->user + "/" + found->password;
    };
    EXPECT_EQ(at("index.example"), "me/secret");
    EXPECT_EQ(at("other.example"), "you/with \"quotes\" and space");
    EXPECT_EQ(at("hash.example"), "x/#y");
    EXPECT_EQ(at("fake.example"), "none");
    EXPECT_EQ(at("unknown.example"), "none");
}

TEST(CredentialStore, MalformedNetrcIsRefusedWithoutShowingIt) {
    for (const char* text : {"machine index.example hunter2", "machine", "login x password",
                             "machine a password \"hunter2"}) {
        CredentialStore store;
        const auto result = store.add_netrc(text);
        ASSERT_FALSE(result) << text;
        EXPECT_EQ(result.error().render().find("hunter2"), std::string::npos);
    }
}

TEST(CredentialStore, OriginIsExactAndNetrcIsNarrowAfterARedirect) {
    CredentialStore store;
    store.add({"https", "index.example", 8443}, {"exact", "1"});
    ASSERT_TRUE(store.add_netrc("machine index.example login netrc password 2"));
    EXPECT_EQ(store.find({"https", "index.example", 8443}, true)->user, "exact");
    EXPECT_EQ(store.find({"http", "index.example", 8080}, false)->user, "netrc");
    EXPECT_EQ(store.find({"https", "index.example", 443}, true)->user, "netrc");
    EXPECT_EQ(store.find({"http", "index.example", 80}, true), nullptr);
    EXPECT_EQ(store.find({"https", "index.example", 9443}, true), nullptr);
    EXPECT_EQ(store.find({"https", "sub.index.example", 443}, false), nullptr);
    EXPECT_EQ(store.find({"https", "index.example.", 443}, false), nullptr);
}

TEST(HttpDate, ReadsTheFixedForm) {
    EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    EXPECT_EQ(parse_http_date("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
    for (const char* text : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
                             "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
                             "Sun, 06 Nov 1994 08:49:37 CET"}) {
        EXPECT_FALSE(parse_http_date(text)) << text;
    }
}

}  // namespace
}  // namespace envpack::http
