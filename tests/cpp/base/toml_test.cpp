#include "envpack/base/toml.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack::toml {
namespace {

using namespace std::string_literals;

TEST(Toml, ReadsTablesArraysAndTimes) {
    const auto value = parse("a = [1, 'x', true]\n[t]\nat = 2026-01-02T03:04:05Z\n", 16);
    ASSERT_TRUE(value) << value.error().message();
    EXPECT_EQ(json::to_canonical(*value),
              R"({"a":[1,"x",true],"t":{"at":"2026-01-02T03:04:05Z"}})");
}

TEST(Toml, NamesThePlaceOfAnError) {
    const auto value = parse("a = 1\nb = = 2\n", 16);
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code(), ErrorCode::parse_error);
    EXPECT_NE(value.error().message().find("line 2, column 5"), std::string::npos)
        << value.error().message();
}

// Found by fuzzing: toml++ met them with undefined behaviour.
TEST(Toml, RefusesWhatOnceLedItsParserAstray) {
    for (const std::string& text : {"\xca\xa7"s, "\xcc\xaa"s, "[\x1fP\x04"s, "[,"s}) {
        EXPECT_FALSE(parse(text, 16)) << testing::PrintToString(text);
    }
}

TEST(Toml, NestingIsBounded) {
    const auto value = parse("a = " + std::string(100'000, '['), 64);
    ASSERT_FALSE(value);
    EXPECT_EQ(value.error().code(), ErrorCode::limit_exceeded);
}

TEST(Toml, QuotedTextComesBack) {
    const std::string text = "\"\\\n\t\x01\x7f\xc3\xa9"s;
    const auto value = parse("a = " + quote(text), 16);
    ASSERT_TRUE(value) << value.error().message();
    EXPECT_EQ(*value->find("a")->as_string(), text);
}

}  // namespace
}  // namespace envpack::toml
