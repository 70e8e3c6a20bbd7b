#include "envpack/packaging/specifier_set.hpp"

#include "envpack/packaging/version_range.hpp"
#include "support/conformance.hpp"
#include "support/version_grid.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

using support::conformance_cases;
using support::ConformanceReport;
using support::version;

SpecifierSet set(std::string_view text, std::optional<bool> prereleases = std::nullopt) {
    auto parsed = SpecifierSet::parse(text, prereleases);
    if (!parsed) {
        ADD_FAILURE() << parsed.error().render();
        return {};
    }
    return *std::move(parsed);
}

TEST(SpecifierSet, IsWrittenAsPackagingWritesIt) {
    const struct {
        const char* text;
        const char* written;
    } rows[] = {
        {"", ""},
        {" , ,", ""},
        {">=1.16,<2", "<2,>=1.16"},
        {" >= 1.0.0 , != 1.0.1", "!=1.0.1,>=1.0.0"},
        {"==1.0.0,==1.0,==1", "==1"},
        {"~=1.0,~=1.0.0", "~=1.0,~=1.0.0"},
        {"== 1.0RC1", "==1.0RC1"},
        {"===Foo_Bar", "===Foo_Bar"},
        {"==2.3.*,==2.3.*", "==2.3.*"},
        {">1,>=1,<1,<=1", "<1,<=1,>1,>=1"},
        {"===", "==="},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(set(row.text).to_string(), row.written) << row.text;
        EXPECT_EQ(set(row.written), set(row.text)) << row.text;
    }
}

TEST(SpecifierSet, RefusesWhatPep440Refuses) {
    for (const char* const text :
         {"1.0",          "=1.0",      "=>1.0",   ">=",          "==",        "~=1",
          "~=1.0.*",      ">=1.0.*",   "<1.0.*",  "==1.*.0",     "==1.0a1.*", "!=1.0.post1.*",
          "==1.0.dev1.*", "==1.0+a.*", ">=1.0+a", "<=1.0+a",     "<1.0+a",    ">1.0+a",
          "~=1.0+a",      "==1.0 .*",  "==.*",    ">=1.0;<2",    ">=1.0 <2",  "==1.0)",
          "===a b",       "===a;b",    "===a)",   ">=1.0,bogus", "<>1.0",     "~1.0",
          "==1.0.**",     "==*"}) {
        const auto parsed = SpecifierSet::parse(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code(), ErrorCode::parse_error) << text;
        ASSERT_NE(parsed.error().span(), nullptr) << text;
        EXPECT_EQ(parsed.error().span()->input, text);
    }
    EXPECT_EQ(SpecifierSet::parse(">=99999999999999999999").error().code(),
              ErrorCode::limit_exceeded);
}

TEST(SpecifierSet, NamesTheWrongClause) {
    const auto parsed = SpecifierSet::parse(">=1.0, bogus ,<2");
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().span()->offset, 7u);
    EXPECT_EQ(parsed.error().span()->length, 5u);
}

// What pip and packaging answer for the torch of an NGC image, and for its +cu121 relatives.
TEST(SpecifierSet, MatchesVendorBuildsAsPipDoes) {
    const char* const vendor = "2.3.0a0+6ddf5cf85e.nv24.4";
    const struct {
        const char* version;
        std::vector<const char*> accepted;
        std::vector<const char*> refused;
    } rows[] = {
        {vendor,
         {">=1.7",
          ">=2.2",
          ">2.2.2",
          ">=2.2,<3",
          "<2.4",
          "<2.3.1",
          "<=2.3",
          "<=2.3.0",
          "<2.3rc1",
          "==2.3.*",
          "==2.3.0.*",
          "==2.*",
          "==2.3.0a0",
          "==2.3.0a0+6ddf5cf85e.nv24.4",
          "==2.3.0a0+6ddf5cf85e.nv24.04",
          "===2.3.0A0+6DDF5CF85E.NV24.4",
          ">=2.3.0a0",
          "<=2.3.0a0",
          ">=2.3.0.dev0",
          "~=2.3.0a0",
          "!=2.3.0",
          "~=2.2"},
         {">=2.3", ">=2.3.0", ">2.3", ">=2.3,<2.4", "<2.3", "<2.3.0", ">=2.0,<2.3", "==2.3",
          "==2.3.0", "!=2.3.*", "===2.3.0a0", "===2.3.0a0+6ddf5cf85e.nv24.04", ">2.3.0a0",
          "<2.3.0a0", "~=2.3", "~=2.3.0", "~=2.2.0", ">=2.3rc1", "!=2.3.0a0"}},
        {"2.3.0+cu121",
         {"==2.3.0", "==2.3.0+cu121", "<=2.3.0", ">=2.3.0", "==2.3.*", "===2.3.0+CU121",
          "!=2.3.0+cu118", "~=2.3.0"},
         {"!=2.3.0", ">2.3.0", "<2.3.0", "===2.3.0", "==2.3.0+cu118", "!=2.3.0+cu121"}},
        {"2.3.0.post1",
         {">=2.3.0", "==2.3.*", ">2.3.0.dev1", ">2.3.0.post0", "!=2.3.0"},
         {">2.3.0", "==2.3.0", "<=2.3.0", "<2.3.0.post1"}},
        {"2.3.0", {"==2.3.0", "==2.3", "~=2.3.0", "===2.3.0"}, {"==2.3.0+cu121", "===2.3"}},
    };
    for (const auto& row : rows) {
        const Version v = version(row.version);
        for (const char* const text : row.accepted) {
            EXPECT_TRUE(set(text).contains(v)) << row.version << " " << text;
            EXPECT_TRUE(set(text).contains(row.version)) << row.version << " " << text;
            EXPECT_TRUE(VersionRange::of(set(text)).contains(v)) << row.version << " " << text;
        }
        for (const char* const text : row.refused) {
            EXPECT_FALSE(set(text).contains(v)) << row.version << " " << text;
            EXPECT_FALSE(set(text).contains(row.version)) << row.version << " " << text;
            EXPECT_FALSE(VersionRange::of(set(text)).contains(v)) << row.version << " " << text;
        }
    }
    EXPECT_LT(version("2.2.2"), version("2.3.0.dev1"));
    EXPECT_LT(version("2.3.0.dev1"), version(vendor));
    EXPECT_LT(version(vendor), version("2.3.0a1"));
    EXPECT_LT(version("2.3.0a1"), version("2.3.0"));
}

TEST(SpecifierSet, PrereleasesRemainWhereNothingElseDoes) {
    const std::vector<Version> versions = {version("1.0"), version("1.5a1"), version("2.0.dev3")};
    using Positions = std::vector<std::size_t>;
    const struct {
        const char* text;
        std::optional<bool> switched;
        std::optional<bool> asked;
        Positions remaining;
    } rows[] = {
        {"", {}, {}, {0}},
        {">=1.0", {}, {}, {0}},
        {">1.0", {}, {}, {1, 2}},
        {">=1.0.dev0", {}, {}, {0, 1, 2}},
        {">=1.0.dev0", false, {}, {0}},
        {">1.0", false, {}, {}},
        {">1.0", {}, false, {}},
        {">=1.0", true, {}, {0, 1, 2}},
        {">=1.0", false, true, {0, 1, 2}},
        {"!=2.0.dev3", {}, {}, {0}},
        {">=3", {}, {}, {}},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(set(row.text, row.switched).filter(versions, row.asked), row.remaining)
            << row.text;
    }
}

TEST(SpecifierSet, BothSetsHoldAndOffWins) {
    EXPECT_EQ((set(">=1") & set("<2,>=1.0")).to_string(), "<2,>=1");
    EXPECT_EQ((set(">=1", true) & set("<2")).prereleases(), true);
    EXPECT_EQ((set(">=1") & set("<2", false)).prereleases(), false);
    EXPECT_EQ((set(">=1", true) & set("<2", false)).prereleases(), false);
    EXPECT_EQ((set(">=1a1") & set("<2")).prereleases(), true);
    EXPECT_EQ((set(">=1") & set("<2")).prereleases(), std::nullopt);
    EXPECT_EQ(set(">=1", true), set(">=1.0", false));
    EXPECT_FALSE(set(">=1") == set("<=1"));
    EXPECT_FALSE(set("==1.0.*") == set("==1.*"));
}

TEST(SpecifierSet, PinAcceptsLocalVersionsOfAPublicOne) {
    EXPECT_EQ(SpecifierSet::pin(version("1.0-1")).to_string(), "==1.0.post1");
    EXPECT_TRUE(SpecifierSet::pin(version("2.3.0")).contains(version("2.3.0+cu121")));
    EXPECT_FALSE(SpecifierSet::pin(version("2.3.0+cu118")).contains(version("2.3.0+cu121")));
    EXPECT_TRUE(set("==1.0").specifiers()[0].is_pin());
    EXPECT_TRUE(set("===x").specifiers()[0].is_pin());
    EXPECT_FALSE(set("==1.*").specifiers()[0].is_pin());
}

class Pep440Specifiers : public testing::Test {
protected:
    void SetUp() override {
        if (const auto missing = support::conformance_missing(); !missing.empty()) {
            GTEST_SKIP() << missing;
        }
    }
};

std::optional<bool> tristate(const json::Value& row, std::string_view key) {
    const json::Value* const value = row.find(key);
    const bool* const flag = value != nullptr ? value->as_bool() : nullptr;
    return flag != nullptr ? std::optional(*flag) : std::nullopt;
}

TEST_F(Pep440Specifiers, AreAccepted) {
    ConformanceReport report("pep440/specifiers_valid.json");
    for (const auto& row : conformance_cases("pep440/specifiers_valid.json")) {
        report.expect(Specifier::parse(*row.as_string()).has_value(), row);
    }
}

TEST_F(Pep440Specifiers, AreRefused) {
    ConformanceReport report("pep440/specifiers_invalid.json");
    for (const auto& row : conformance_cases("pep440/specifiers_invalid.json")) {
        report.expect(!Specifier::parse(*row.as_string()) && !SpecifierSet::parse(*row.as_string()),
                      row);
    }
}

TEST_F(Pep440Specifiers, NamePrereleases) {
    ConformanceReport report("pep440/specifier_detect_prerelease.json");
    for (const auto& row : conformance_cases("pep440/specifier_detect_prerelease.json")) {
        const auto parsed = Specifier::parse(*json::string_at(row, "specifier"));
        report.expect(parsed && parsed->names_prerelease() == tristate(row, "expected"), row);
    }
}

TEST_F(Pep440Specifiers, ContainAsExpected) {
    ConformanceReport report("pep440/specifier_contains.json");
    for (const auto& row : conformance_cases("pep440/specifier_contains.json")) {
        const auto parsed = SpecifierSet::parse(*json::string_at(row, "specifier"),
                                                tristate(row, "ctor_prereleases"));
        if (!parsed) {
            report.expect(false, row);
            continue;
        }
        const std::string_view text = *json::string_at(row, "version");
        const bool expected = tristate(row, "expected").value();
        const auto prereleases = tristate(row, "prereleases");
        const bool installed = tristate(row, "installed").value_or(false);
        bool passed = parsed->contains(text, prereleases, installed) == expected;
        // The other ways to ask have to agree wherever they can be asked.
        if (const auto v = Version::parse(text); v && v->to_string() == text) {
            passed = passed && parsed->contains(*v, prereleases, installed) == expected &&
                     VersionRange::of(*parsed).contains(*v) == parsed->contains(*v, true);
        }
        report.expect(passed, row);
    }
}

TEST_F(Pep440Specifiers, FilterAsExpected) {
    ConformanceReport report("pep440/specifier_filter.json");
    for (const auto& row : conformance_cases("pep440/specifier_filter.json")) {
        const auto parsed = SpecifierSet::parse(*json::string_at(row, "specifier"),
                                                tristate(row, "ctor_prereleases"));
        if (!parsed) {
            report.expect(false, row);
            continue;
        }
        std::vector<std::string> texts;
        for (const auto& item : **json::array_at(row, "input")) {
            texts.push_back(*item.as_string());
        }
        json::Array remaining;
        for (const std::size_t position : parsed->filter(texts, tristate(row, "prereleases"))) {
            remaining.emplace_back(texts[position]);
        }
        report.expect(remaining == **json::array_at(row, "expected"), row);
    }
}

}  // namespace
}  // namespace envpack::packaging
