#include "envpack/packaging/package_name.hpp"

#include "support/conformance.hpp"

#include <string>
#include <unordered_set>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

TEST(PackageName, IsNormalizedByConstruction) {
    const struct {
        const char* text;
        const char* normalized;
        const char* escaped;
    } rows[] = {
        {"torch", "torch", "torch"},
        {"Torch", "torch", "torch"},
        {"My.Pkg_x", "my-pkg-x", "my_pkg_x"},
        {"a--_..b", "a-b", "a_b"},
        {"zope.interface", "zope-interface", "zope_interface"},
        {"x", "x", "x"},
        {"0", "0", "0"},
        {"nvidia-cublas-cu12", "nvidia-cublas-cu12", "nvidia_cublas_cu12"},
    };
    for (const auto& row : rows) {
        const auto name = PackageName::parse(row.text);
        ASSERT_TRUE(name) << row.text;
        EXPECT_EQ(name->str(), row.normalized);
        EXPECT_EQ(name->escaped(), row.escaped);
        EXPECT_EQ(PackageName::parse(name->to_string()), *name);
    }
}

TEST(PackageName, RefusesWhatPep508Refuses) {
    const std::string rows[] = {"",     "-a",   "a-",   "_a",  "a.",  ".",
                                "a b",  " a",   "a ",   "a/b", "a\n", "é",
                                "a[b]", "../a", "a==1", "~ip", "a+b", std::string("a\0b", 3)};
    for (const auto& row : rows) {
        const auto name = PackageName::parse(row);
        ASSERT_FALSE(name) << row;
        EXPECT_EQ(name.error().code(), ErrorCode::parse_error) << row;
    }
}

TEST(PackageName, SpellingsAreOneKey) {
    std::unordered_set<PackageName> names;
    for (const char* const text : {"Foo.Bar", "foo-bar", "FOO_BAR", "foo--bar", "foobar"}) {
        names.insert(*PackageName::parse(text));
    }
    EXPECT_EQ(names.size(), 2u);
    EXPECT_LT(*PackageName::parse("Abc"), *PackageName::parse("abd"));
}

TEST(PackageName, IsNormalizedAsPackagingDoes) {
    if (const auto missing = support::conformance_missing(); !missing.empty()) {
        GTEST_SKIP() << missing;
    }
    support::ConformanceReport report("tags/canonicalize_name.json");
    for (const auto& row : support::conformance_cases("tags/canonicalize_name.json")) {
        const auto name = PackageName::parse(*json::string_at(row, "name"));
        report.expect(name && name->str() == *json::string_at(row, "expected"), row);
    }
}

}  // namespace
}  // namespace envpack::packaging
