#include "envpack/base/json.hpp"

#include "envpack/base/toml.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack {
namespace {

TEST(Json, CanonicalFormIsSortedAndTight) {
    const auto value =
        json::parse(R"({"b": [1, 2.5, true, null], "a": {"z": "<&>", "y": "ü\u0001"}})");
    ASSERT_TRUE(value) << value.error().render();
    EXPECT_EQ(json::to_canonical(*value),
              "{\"a\":{\"y\":\"ü\\u0001\",\"z\":\"<&>\"},\"b\":[1,2.5,true,null]}");
    EXPECT_EQ(*json::parse(json::to_canonical(*value)), *json::parse(json::to_canonical(*value)));
}

TEST(Json, PrettyFormKeepsTheOrderOfKeys) {
    EXPECT_EQ(json::to_pretty(*json::parse(R"({"b":1,"a":[],"c":[{}]})")),
              "{\n  \"b\": 1,\n  \"a\": [],\n  \"c\": [\n    {}\n  ]\n}\n");
}

struct Refused {
    const char* text;
    ErrorCode code;
    const char* rule;
};

TEST(Json, RefusesWhatReadersDisagreeAbout) {
    const Refused rows[] = {
        {R"({"a":1,"a":2})", ErrorCode::parse_error, "json.duplicate-key"},
        {R"({"a":1} x)", ErrorCode::parse_error, "json.malformed"},
        {"", ErrorCode::parse_error, "json.malformed"},
        {"[1,]", ErrorCode::parse_error, "json.malformed"},
        {"NaN", ErrorCode::parse_error, "json.malformed"},
        {"\"\xff\"", ErrorCode::parse_error, "json.malformed"},
        {R"("\ud800")", ErrorCode::parse_error, "json.malformed"},
    };
    for (const Refused& row : rows) {
        const auto value = json::parse(row.text);
        ASSERT_FALSE(value) << row.text;
        EXPECT_EQ(value.error().code(), row.code) << row.text;
        EXPECT_EQ(value.error().rule(), row.rule) << row.text;
    }
}

TEST(Json, DepthIsBounded) {
    const std::string deep = std::string(65, '[') + std::string(65, ']');
    EXPECT_EQ(json::parse(deep).error().rule(), "json.depth");
    EXPECT_TRUE(json::parse(deep, 65));
    EXPECT_EQ(json::parse(std::string(1'000'000, '[')).error().rule(), "json.depth");
}

TEST(Json, LargeIntegersBecomeDoubles) {
    EXPECT_EQ(*json::parse("9223372036854775807")->as_integer(), INT64_MAX);
    EXPECT_EQ(json::parse("9223372036854775808")->as_integer(), nullptr);
}

TEST(Toml, TablesDatesAndArraysBecomeAValue) {
    const auto value = toml::parse("a = 2024-05-06T07:08:09Z\n[t]\nx = [1, 'two', {y = true}]\n");
    ASSERT_TRUE(value) << value.error().render();
    EXPECT_EQ(json::to_canonical(*value),
              R"({"a":"2024-05-06T07:08:09Z","t":{"x":[1,"two",{"y":true}]}})");
}

TEST(Toml, MalformedTextNamesItsPlace) {
    const auto value = toml::parse("a = 1\nb = = 2\n");
    ASSERT_FALSE(value);
    EXPECT_NE(value.error().message().find("line 2"), std::string_view::npos);
    EXPECT_EQ(toml::parse(std::string(100'000, '[')).error().rule(), "toml.depth");
}

TEST(Toml, QuotedTextReadsBack) {
    std::string every;
    for (char c = 1; c < 127; ++c) {
        every += c;
    }
    every += "\x7füñ";
    const auto value = toml::parse("k = " + toml::quote(every) + "\n");
    ASSERT_TRUE(value) << value.error().render();
    EXPECT_EQ(*value->find("k")->as_string(), every);
}

}  // namespace
}  // namespace envpack
