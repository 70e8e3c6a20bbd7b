#include "envpack/http/url.hpp"

#include <gtest/gtest.h>

namespace envpack::http {
namespace {

struct TextCase {
    const char* input;
    const char* expected;
};

TEST(Url, ReferenceResolutionFollowsRfc3986) {
    const auto base = Url::parse("http://a/b/c/d;p?q").value();
    const TextCase cases[] = {// Section 5.4.1, all but `g:h`, whose scheme is not ours.
                              {"g", "http://a/b/c/g"},
                              {"./g", "http://a/b/c/g"},
                              {"g/", "http://a/b/c/g/"},
                              {"/g", "http://a/g"},
                              {"//g", "http://g/"},
                              {"?y", "http://a/b/c/d;p?y"},
                              {"g?y", "http://a/b/c/g?y"},
                              {"#s", "http://a/b/c/d;p?q#s"},
                              {"g#s", "http://a/b/c/g#s"},
                              {"g?y#s", "http://a/b/c/g?y#s"},
                              {";x", "http://a/b/c/;x"},
                              {"g;x", "http://a/b/c/g;x"},
                              {"g;x?y#s", "http://a/b/c/g;x?y#s"},
                              {"", "http://a/b/c/d;p?q"},
                              {".", "http://a/b/c/"},
                              {"./", "http://a/b/c/"},
                              {"..", "http://a/b/"},
                              {"../", "http://a/b/"},
                              {"../g", "http://a/b/g"},
                              {"../..", "http://a/"},
                              {"../../", "http://a/"},
                              {"../../g", "http://a/g"},
                              // Section 5.4.2.
                              {"../../../g", "http://a/g"},
                              {"../../../../g", "http://a/g"},
                              {"/./g", "http://a/g"},
                              {"/../g", "http://a/g"},
                              {"g.", "http://a/b/c/g."},
                              {".g", "http://a/b/c/.g"},
                              {"g..", "http://a/b/c/g.."},
                              {"..g", "http://a/b/c/..g"},
                              {"./../g", "http://a/b/g"},
                              {"./g/.", "http://a/b/c/g/"},
                              {"g/./h", "http://a/b/c/g/h"},
                              {"g/../h", "http://a/b/c/h"},
                              {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
                              {"g;x=1/../y", "http://a/b/c/y"},
                              {"g?y/./x", "http://a/b/c/g?y/./x"},
                              {"g?y/../x", "http://a/b/c/g?y/../x"},
                              {"g#s/./x", "http://a/b/c/g#s/./x"},
                              {"g#s/../x", "http://a/b/c/g#s/../x"},
                              {"https://b.example/x", "https://b.example/x"}};
    for (const auto& row : cases) {
        const auto url = base.resolve(row.input);
        ASSERT_TRUE(url) << row.input;
        EXPECT_EQ(url->to_string(), row.expected) << row.input;
        EXPECT_EQ(Url::parse(url->to_string()).value(), *url) << row.input;
    }
}

TEST(Url, TextIsNormalisedAndRoundTrips) {
    const TextCase cases[] = {
        {"HTTPS://Index.Example", "https://index.example/"},
        {"https://index.example:443/a", "https://index.example/a"},
        {"http://index.example:8080/a?x=1#f", "http://index.example:8080/a?x=1#f"},
        {"https://index.example/a?", "https://index.example/a?"},
        {"https://index.example/in dex/", "https://index.example/in%20dex/"},
        {"https://index.example/caf\xc3\xa9", "https://index.example/caf%C3%A9"},
        {"https://user:p%40ss@index.example/", "https://user:p%40ss@index.example/"},
        {"https://token@index.example/", "https://token@index.example/"},
        {"http://[::1]:80/x", "http://[::1]/x"},
        {"http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x"},
        {"http://127.1/x", "http://127.0.0.1/x"},
        {"http://0x7f.0.0.1/x", "http://127.0.0.1/x"},
        {"http://127.0.0.010/x", "http://127.0.0.8/x"},
        {"file:///srv/wheels/a%20b", "file:///srv/wheels/a%20b"},
        {"file://localhost/srv", "file:///srv"}};
    for (const auto& row : cases) {
        const auto url = Url::parse(row.input);
        ASSERT_TRUE(url) << row.input;
        EXPECT_EQ(url->to_string(), row.expected);
        EXPECT_EQ(Url::parse(url->to_string()).value(), *url) << row.input;
    }
}

TEST(Url, UnusableTextIsRefusedWithItsRule) {
    const std::string long_text = "https://index.example/" + std::string(20'000, 'a');
    const TextCase cases[] = {{"javascript:alert(1)", "url.scheme"},
                              {"data:text/html,x", "url.scheme"},
                              {"ftp://index.example/x", "url.scheme"},
                              {"index.example/x", "url.scheme"},
                              {"", "url.scheme"},
                              {"https:index.example", "url.syntax"},
                              {"https://", "url.syntax"},
                              {"https://index.example:99999/", "url.syntax"},
                              {"https://index.example:0/", "url.syntax"},
                              {"https://in dex.example/", "url.syntax"},
                              {"file://other/srv", "url.syntax"},
                              {"https://index.example/\r\nX: y", "url.control-character"},
                              {long_text.c_str(), "url.length"}};
    for (const auto& row : cases) {
        const auto url = Url::parse(row.input);
        ASSERT_FALSE(url) << row.input;
        EXPECT_EQ(url.error().rule(), row.expected) << row.input;
    }
}

TEST(Url, OriginHasThePortOfTheScheme) {
    const TextCase cases[] = {{"https://A.example/x", "https://a.example:443"},
                              {"http://a.example/x", "http://a.example:80"},
                              {"https://u:p@a.example:8443/", "https://a.example:8443"},
                              {"https://a.example./", "https://a.example.:443"},
                              {"https://[::1]/", "https://[::1]:443"}};
    for (const auto& row : cases) {
        EXPECT_EQ(Url::parse(row.input).value().origin().to_string(), row.expected);
    }
}

TEST(Url, UserinfoIsDecodedAndCanBeLeftOut) {
    const auto url = Url::parse("https://me:p%40ss%3A@index.example/simple/").value();
    EXPECT_EQ(url.user(), "me");
    EXPECT_EQ(url.password(), "p@ss:");
    EXPECT_EQ(url.shown(), "https://index.example/simple/");
    EXPECT_EQ(url.without_userinfo().with_userinfo("me", "p@ss:"), url);
}

TEST(Url, FileNameIsDecodedOnceAndStaysInItsFolder) {
    const TextCase good[] = {
        {"https://a.example/p/x-1.0-py3-none-any.whl", "x-1.0-py3-none-any.whl"},
        {"https://a.example/p/x-1.0%2Bcu126-py3-none-any.whl?sig=1#sha256=0",
         "x-1.0+cu126-py3-none-any.whl"},
        {"https://a.example/p/%252e%252e%252fx", "%2e%2e%2fx"},
        {"https://a.example/p/", ""}};
    for (const auto& row : good) {
        EXPECT_EQ(Url::parse(row.input).value().file_name().value(), row.expected);
    }
    for (const char* bad :
         {"https://a.example/p/%2e%2e%2fx", "https://a.example/p/x%5cy", "https://a.example/%zz",
          "https://a.example/%00", "https://a.example/%ff", "https://a.example/%2e%2e"}) {
        const auto name = Url::parse(bad).value().file_name();
        ASSERT_FALSE(name) << bad;
        EXPECT_EQ(name.error().rule(), "url.file-name");
    }
}

TEST(Url, PathsSurviveTheWayThroughAFileUrl) {
    for (const char* path : {"/srv/wheels", "/srv/in dex/a+b", "/srv/caf\xc3\xa9/100%", "/a#b?c"}) {
        const Url url = Url::from_path(path);
        EXPECT_TRUE(url.is_file());
        EXPECT_EQ(url.file_path().value(), path);
        EXPECT_EQ(Url::parse(url.to_string()).value().file_path().value(), path);
    }
    EXPECT_FALSE(Url::parse("https://a.example/x").value().file_path());
}

}  // namespace
}  // namespace envpack::http
