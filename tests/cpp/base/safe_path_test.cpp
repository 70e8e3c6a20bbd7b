#include "envpack/base/safe_path.hpp"

#include "envpack/base/text.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack {
namespace {

TEST(SafePath, ParseTakesOnlyTheNormalForm) {
    for (const char* text : {"a", "a/b", "a/..b", "a/b..", ".hidden/x", "späte/ß", "a b/c"}) {
        const auto path = SafePath::parse(text);
        ASSERT_TRUE(path) << text;
        EXPECT_EQ(path->str(), text);
    }
    for (const std::string& text :
         {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"),
          std::string("./a"), std::string("a/./b"), std::string("../a"), std::string("a/../b"),
          std::string("a\\b"), std::string("C:/a"), std::string("a\nb"), std::string("a\0b", 3),
          std::string("\xff"), std::string("\xc0\xaf"), std::string(256, 'x'),
          std::string(5000, '/')}) {
        const auto path = SafePath::parse(text);
        ASSERT_FALSE(path) << text::printable(text);
        EXPECT_EQ(path.error().rule(), "path.unsafe");
    }
}

TEST(SafePath, NormalizeNeverLeavesTheRoot) {
    const std::pair<const char*, const char*> rows[] = {
        {"", ""},     {"/", ""}, {"./a//b/", "a/b"}, {"/usr/../bin", "bin"}, {"a/b/../../c", "c"},
        {"a/..", ""},
    };
    for (const auto& [text, expected] : rows) {
        EXPECT_EQ(SafePath::normalize(text)->str(), expected) << text;
    }
    for (const char* text : {"..", "/..", "a/../..", "../a"}) {
        EXPECT_FALSE(SafePath::normalize(text)) << text;
    }
}

TEST(SafePath, ParentsNamesAndPrefixes) {
    const SafePath path = *SafePath::parse("usr/lib/python3");
    EXPECT_EQ(path.name(), "python3");
    EXPECT_EQ(path.parent().str(), "usr/lib");
    EXPECT_EQ(path.parent().parent().parent(), SafePath());
    EXPECT_EQ(SafePath().parent(), SafePath());
    EXPECT_TRUE(path.is_below(*SafePath::parse("usr/lib")));
    EXPECT_FALSE(path.is_below(*SafePath::parse("usr/lib/python")));
    EXPECT_FALSE(path.is_below(path));
    EXPECT_TRUE(path.has_prefix(path));
    EXPECT_TRUE(path.is_below(SafePath()));
    EXPECT_EQ((SafePath() / "a").join(*SafePath::parse("b/c")).str(), "a/b/c");
}

TEST(Text, RedactedUrlsKeepNoSecret) {
    const std::pair<const char*, const char*> rows[] = {
        {"https://index.example/simple", "https://index.example/simple"},
        {"https://user:secret@index.example/simple", "https://index.example/simple"},
        {"https://user:p@ss@index.example/", "https://index.example/"},
        {"https://token@index.example:8443?q=a@b", "https://index.example:8443?q=a@b"},
        {"/a/path@x", "/a/path@x"},
        {"ssh://git@forge.example/a/b", "ssh://git@forge.example/a/b"},
        {"ssh://git:secret@forge.example/a/b", "ssh://forge.example/a/b"},
    };
    for (const auto& [url, expected] : rows) {
        EXPECT_EQ(text::redact_url(url), expected);
        EXPECT_EQ(text::redact_urls(url), expected);
    }
    EXPECT_EQ(text::redact_urls("https://u:a'b`c@index.example/"), "https://index.example/");
    EXPECT_EQ(text::redact_url("https://u:pass word@index.example/"), "https://index.example/");
    EXPECT_EQ(text::redact_urls("unable to access 'https://x:tok@a.example/r/': see "
                                "<http://y@b.example>, not z@c.example"),
              "unable to access 'https://a.example/r/': see <http://b.example>, not z@c.example");
}

TEST(Text, PercentCodingIsStrictAndReversible) {
    EXPECT_EQ(text::percent_decode("a%20b%2Fc"), "a b/c");
    EXPECT_EQ(text::percent_decode("%41%42"), "AB");
    for (const char* bad : {"%", "%4", "%zz", "a%2"}) {
        EXPECT_EQ(text::percent_decode(bad), std::nullopt) << bad;
    }
    EXPECT_EQ(text::percent_encode("a b/ü~", "/"), "a%20b/%C3%BC~");
}

TEST(Text, PrintableShowsWhatATerminalWouldObey) {
    EXPECT_EQ(text::printable("a\x1b[2Jb\xff"), "a\\x1b[2Jb\\xff");
    EXPECT_EQ(text::printable("spät"), "spät");
    EXPECT_EQ(text::printable(std::string(300, 'x'), 10), "xxxxxxxxxx…");
}

TEST(Text, Utf8IsThatOfRfc3629) {
    for (const char* good : {"", "a", "ß", "€", "😀"}) {
        EXPECT_TRUE(text::is_utf8(good)) << good;
    }
    for (const char* bad : {"\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                            "\xf0\x80\x80\x80", "\xc3", "\xe2\x82"}) {
        EXPECT_FALSE(text::is_utf8(bad));
    }
}

TEST(Text, LinesAndWords) {
    EXPECT_EQ(text::lines("a\r\nb\n\nc"), (std::vector<std::string_view>{"a", "b", "", "c"}));
    EXPECT_TRUE(text::lines("").empty());
    EXPECT_EQ(text::words("  a \t b\n"), (std::vector<std::string_view>{"a", "b"}));
    EXPECT_EQ(text::split("a,,b", ','), (std::vector<std::string_view>{"a", "", "b"}));
    EXPECT_EQ(text::split("", ','), (std::vector<std::string_view>{""}));
}

}  // namespace
}  // namespace envpack
