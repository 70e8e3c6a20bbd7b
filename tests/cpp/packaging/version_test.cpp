#include "envpack/packaging/version.hpp"

#include "support/conformance.hpp"
#include "support/version_grid.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

using support::conformance_cases;
using support::ConformanceReport;
using support::version;

TEST(Version, NormalizesAllSpellings) {
    const struct {
        const char* text;
        const char* normalized;
    } rows[] = {
        {"1.0", "1.0"},
        {"1.0-1", "1.0.post1"},
        {"01.02.0RC1", "1.2.0rc1"},
        {"1.0+ABC", "1.0+abc"},
        {"2.3.0a0+6ddf5cf85e.nv24.04", "2.3.0a0+6ddf5cf85e.nv24.4"},
        {"  v1!2.0-PREVIEW_3.rev-4_DEV \t\n", "1!2.0rc3.post4.dev0"},
        {"1a-", "1a0"},
        {"1.0a-1", "1.0a1"},
        {"1.0a--1", "1.0a0.post1"},
        {"1.0.post.dev1", "1.0.post0.dev1"},
        {"1.0r", "1.0.post0"},
        {"1.0rc", "1.0rc0"},
        {"1.0c5", "1.0rc5"},
        {"1.0+ubuntu-1_2.00", "1.0+ubuntu.1.2.0"},
        {"1.0+0000", "1.0+0"},
        {"1.0+00a", "1.0+00a"},
        {"0!1", "1"},
        {"1.2.3.4.5.6.7.8.9.10.11.0", "1.2.3.4.5.6.7.8.9.10.11.0"},
        {"20240101.123456.dev20240101123456", "20240101.123456.dev20240101123456"},
        {"1.0.dev9223372036854775807", "1.0.dev9223372036854775807"},
        {"1.0+99999999999999999999999999", "1.0+99999999999999999999999999"},
        {"1.0.0.0.0.0.0.0.0.0.0.0", "1.0.0.0.0.0.0.0.0.0.0.0"},
    };
    for (const auto& row : rows) {
        const auto parsed = Version::parse(row.text);
        ASSERT_TRUE(parsed) << row.text;
        EXPECT_EQ(parsed->to_string(), row.normalized) << row.text;
        const auto again = version(parsed->to_string());
        EXPECT_EQ(again, *parsed) << row.text;
        EXPECT_EQ(again.parts(), parsed->parts()) << row.text;
        EXPECT_EQ(Version::from_parts(parsed->parts()), *parsed) << row.text;
    }
}

TEST(Version, RefusesWhatPep440Refuses) {
    const std::string rows[] = {"",
                                " ",
                                "v",
                                "abc",
                                "1.",
                                ".1",
                                "1..0",
                                "1.0.",
                                "1!",
                                "!1",
                                "1!!0",
                                "1!2!3",
                                "1.0 a1",
                                "1.0+",
                                "1.0+a+",
                                "1.0+_a",
                                "1.0+a.",
                                "1.0+a b",
                                "1.0--1",
                                "1.0.-1",
                                "1.0post1-2",
                                "1.0a1rc1",
                                "1.0dev1post1",
                                "1.0*",
                                "1.0.*",
                                "vv1",
                                "1.1build1",
                                "1.14.0-unknown",
                                "1,0",
                                "+1",
                                "-1",
                                "1.0alph",
                                "1.0re",
                                "1.0+é",
                                "1.0_weird",
                                std::string("1.0\0", 4)};
    for (const auto& row : rows) {
        const auto parsed = Version::parse(row);
        ASSERT_FALSE(parsed) << row;
        EXPECT_EQ(parsed.error().code(), ErrorCode::parse_error) << row;
    }
}

TEST(Version, PointsAtTheFirstWrongCharacter) {
    const auto parsed = Version::parse("1.0build1");
    ASSERT_FALSE(parsed);
    ASSERT_NE(parsed.error().span(), nullptr);
    EXPECT_EQ(parsed.error().span()->offset, 4u);  // after 1.0b
}

TEST(Version, RefusesNumbersThatWouldOverflow) {
    for (const char* const text :
         {"9223372036854775808", "1.18446744073709551616", "1!99999999999999999999.0",
          "1.0a9999999999999999999999", "99999999999999999999!1", "1.0.post9223372036854775808",
          "1.0.dev92233720368547758070"}) {
        const auto parsed = Version::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code(), ErrorCode::limit_exceeded) << text;
        EXPECT_EQ(parsed.error().rule(), "version.number-too-large") << text;
    }
    const auto parsed = Version::parse("1." + std::string(5000, '1'));
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().rule(), "version.too-long");
}

TEST(Version, KnowsItsParts) {
    const auto v = version("1!2.3.4rc5.post6.dev7+Ab.08");
    EXPECT_EQ(v.epoch(), 1u);
    EXPECT_EQ(v.release(), (std::vector<std::uint64_t>{2, 3, 4}));
    EXPECT_EQ(v.release_at(2), 4u);
    EXPECT_EQ(v.release_at(3), 0u);
    EXPECT_EQ(v.pre(), (PreRelease{PreKind::rc, 5}));
    EXPECT_EQ(v.post(), 6u);
    EXPECT_EQ(v.dev(), 7u);
    EXPECT_EQ(v.local(), "ab.8");
    EXPECT_EQ(v.without_local().to_string(), "1!2.3.4rc5.post6.dev7");
    EXPECT_EQ(v.base_version().to_string(), "1!2.3.4");
    EXPECT_TRUE(v.is_prerelease() && v.is_postrelease() && v.is_devrelease() && v.has_local());

    const auto small = version("2.3.0");
    EXPECT_EQ(small.release(), (std::vector<std::uint64_t>{2, 3, 0}));
    EXPECT_EQ(small.major(), 2u);
    EXPECT_EQ(small.minor(), 3u);
    EXPECT_EQ(small.micro(), 0u);
    EXPECT_EQ(small.pre(), std::nullopt);
    EXPECT_EQ(small.post(), std::nullopt);
    EXPECT_EQ(small.dev(), std::nullopt);
    EXPECT_EQ(small.local(), "");
    EXPECT_FALSE(small.is_prerelease() || small.is_postrelease() || small.has_local());
}

TEST(Version, TrailingZerosMeanNothingButAreKept) {
    EXPECT_EQ(version("1"), version("1.0.0"));
    EXPECT_EQ(version("0"), version("0.0"));
    EXPECT_NE(version("1"), version("1.0.1"));
    EXPECT_EQ(version("1.0+cu121"), version("1+cu121"));
    EXPECT_EQ(version("1.0.0").to_string(), "1.0.0");
    EXPECT_TRUE(is_eq(version("1.0.0rc1").compare_release(version("1.post3"))));
    EXPECT_EQ(version("1." + std::string("0.0.0.0.0.0.0.0.0.0")), version("1"));
}

// Values at and around the edges of the packed sort key, in ascending order.
TEST(Version, OrderHoldsAcrossTheEdgesOfTheSortKey) {
    const char* const ascending[] = {"0.dev0",
                                     "0.dev8190",
                                     "0.dev8191",
                                     "0.dev8192",
                                     "0.dev20241112",
                                     "0a0.dev0",
                                     "0a0",
                                     "0a0.post0",
                                     "0a8191",
                                     "0a8192.dev1",
                                     "0a8192",
                                     "0b0",
                                     "0rc9999",
                                     "0",
                                     "0+a",
                                     "0.post0.dev0",
                                     "0.post0",
                                     "0.post8191.dev0+1",
                                     "0.post8191",
                                     "0.post8192",
                                     "0.0.0.0.0.1.dev0",
                                     "0.0.0.0.0.1",
                                     "0.0.0.0.1",
                                     "0.0.0.1.dev0",
                                     "0.0.0.1",
                                     "0.0.0.511",
                                     "0.0.0.511.post99999",
                                     "0.0.0.511.1",
                                     "0.0.0.512.dev3",
                                     "0.0.0.512",
                                     "0.0.1.dev0",
                                     "0.0.4095",
                                     "0.0.4096.dev1",
                                     "0.0.4096",
                                     "0.1",
                                     "0.2047.9999",
                                     "0.2048",
                                     "1.dev1",
                                     "32767.2048.1",
                                     "32768.dev0",
                                     "32768",
                                     "32768.0.1",
                                     "20240101",
                                     "20240101.1",
                                     "1!0.dev0",
                                     "1!0",
                                     "1!20240101",
                                     "2!0"};
    for (std::size_t i = 0; i < std::size(ascending); ++i) {
        for (std::size_t j = 0; j < std::size(ascending); ++j) {
            EXPECT_EQ(version(ascending[i]) <=> version(ascending[j]), i <=> j)
                << ascending[i] << " " << ascending[j];
        }
    }
}

TEST(Version, LocalPartsAreOrderedSegmentBySegment) {
    const char* const ascending[] = {"1",
                                     "1+a",
                                     "1+a.a",
                                     "1+a.0",
                                     "1+ab",
                                     "1+b",
                                     "1+cu118",
                                     "1+cu121",
                                     "1+cu124",
                                     "1+0",
                                     "1+0.a",
                                     "1+0.0",
                                     "1+1",
                                     "1+2",
                                     "1+10",
                                     "1+10.1",
                                     "1+99999999999999999999",
                                     "1+100000000000000000000"};
    for (std::size_t i = 0; i < std::size(ascending); ++i) {
        for (std::size_t j = 0; j < std::size(ascending); ++j) {
            EXPECT_EQ(version(ascending[i]) <=> version(ascending[j]), i <=> j)
                << ascending[i] << " " << ascending[j];
        }
    }
}

TEST(Version, EqualVersionsHashAlikeAndGridIsTotallyOrdered) {
    const auto grid = support::version_grid();
    std::unordered_set<Version> distinct;
    for (const Version& v : grid) {
        distinct.insert(v);
        VersionParts longer = v.parts();
        longer.release.insert(longer.release.end(), 300, 0);
        const auto spelled = Version::from_parts(std::move(longer));
        ASSERT_EQ(spelled, v);
        ASSERT_EQ(spelled.hash(), v.hash()) << v.to_string();
        ASSERT_EQ(version(v.to_string()).parts(), v.parts());
    }
    std::vector<Version> sorted = grid;
    std::sort(sorted.begin(), sorted.end());
    sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
    EXPECT_EQ(sorted.size(), distinct.size());
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        for (std::size_t j = 0; j < sorted.size(); ++j) {
            ASSERT_EQ(sorted[i] <=> sorted[j], i <=> j);
        }
    }
}

class Pep440Versions : public testing::Test {
protected:
    void SetUp() override {
        if (const auto missing = support::conformance_missing(); !missing.empty()) {
            GTEST_SKIP() << missing;
        }
    }
};

TEST_F(Pep440Versions, AreOrdered) {
    const auto cases = conformance_cases("pep440/versions_ordered.json");
    ConformanceReport report("pep440/versions_ordered.json");
    for (std::size_t i = 0; i < cases.size(); ++i) {
        const auto parsed = Version::parse(*cases[i].as_string());
        report.expect(parsed && (i == 0 || version(*cases[i - 1].as_string()) < *parsed), cases[i]);
    }
}

TEST_F(Pep440Versions, AreRefused) {
    ConformanceReport report("pep440/versions_invalid.json");
    for (const auto& row : conformance_cases("pep440/versions_invalid.json")) {
        report.expect(!Version::parse(*row.as_string()), row);
    }
}

TEST_F(Pep440Versions, AreNormalized) {
    ConformanceReport report("pep440/versions_normalized.json");
    for (const auto& row : conformance_cases("pep440/versions_normalized.json")) {
        const auto parsed = Version::parse(*json::string_at(row, "input"));
        report.expect(parsed && parsed->to_string() == *json::string_at(row, "normalized"), row);
    }
}

TEST_F(Pep440Versions, CompareAsExpected) {
    ConformanceReport report("pep440/version_comparisons.json");
    for (const auto& row : conformance_cases("pep440/version_comparisons.json")) {
        const auto& fields = *row.as_array();
        const auto left = Version::parse(*fields[0].as_string());
        const auto right = Version::parse(*fields[2].as_string());
        if (!left || !right) {
            report.expect(false, row);
            continue;
        }
        const std::string& op = *fields[1].as_string();
        const bool result = op == "lt"   ? *left < *right
                            : op == "le" ? *left <= *right
                            : op == "eq" ? *left == *right
                            : op == "ne" ? *left != *right
                            : op == "ge" ? *left >= *right
                                         : *left > *right;
        report.expect(result == *fields[3].as_bool(), row);
    }
}

json::Value number_or_null(const std::optional<std::uint64_t>& number) {
    return number ? json::Value(*number) : json::Value();
}

json::Value text_or_null(std::string_view text) {
    return text.empty() ? json::Value() : json::Value(text);
}

TEST_F(Pep440Versions, HaveTheirParts) {
    ConformanceReport report("pep440/version_parts.json");
    for (const auto& row : conformance_cases("pep440/version_parts.json")) {
        const auto parsed = Version::parse(*json::string_at(row, "version"));
        if (!parsed) {
            report.expect(false, row);
            continue;
        }
        json::Array release;
        for (const std::uint64_t number : parsed->release()) {
            release.emplace_back(number);
        }
        json::Value pre;
        if (const auto found = parsed->pre()) {
            pre = json::Array{json::Value(to_string(found->kind)), json::Value(found->number)};
        }
        const json::Object known = {
            {"version", *row.find("version")},
            {"public", parsed->public_version().to_string()},
            {"base_version", parsed->base_version().to_string()},
            {"epoch", parsed->epoch()},
            {"release", std::move(release)},
            {"local", text_or_null(parsed->local())},
            {"pre", std::move(pre)},
            {"is_prerelease", parsed->is_prerelease()},
            {"dev", number_or_null(parsed->dev())},
            {"is_devrelease", parsed->is_devrelease()},
            {"post", number_or_null(parsed->post())},
            {"is_postrelease", parsed->is_postrelease()},
        };
        const json::Value actual(known);
        bool equal = true;
        for (const auto& [key, expected] : *row.as_object()) {
            const json::Value* const value = actual.find(key);
            equal = equal && value != nullptr && *value == expected;
        }
        report.expect(equal, row);
    }
}

}  // namespace
}  // namespace envpack::packaging
