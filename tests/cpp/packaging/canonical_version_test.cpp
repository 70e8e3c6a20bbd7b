#include "envpack/packaging/canonical_version.hpp"

#include "support/conformance.hpp"

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

TEST(CanonicalVersion, EqualVersionsHaveOneSpelling) {
    EXPECT_EQ(canonical_version("1.0.0"), canonical_version("v1"));
    EXPECT_EQ(canonical_version("0.0"), "0");
    EXPECT_EQ(canonical_version("2.10.0.post1+CU124"), "2.10.post1+cu124");
    EXPECT_EQ(canonical_version("1.1build1"), "1.1build1");
}

TEST(CanonicalVersionConformance, AsPackaging) {
    if (const auto reason = support::conformance_missing(); !reason.empty()) {
        GTEST_SKIP() << reason;
    }
    support::ConformanceReport report("tags/canonicalize_version.json");
    for (const auto& row : support::conformance_cases("tags/canonicalize_version.json")) {
        report.expect(canonical_version(*row.find("version")->as_string()) ==
                          *row.find("expected")->as_string(),
                      row);
    }
}

}  // namespace
}  // namespace envpack::packaging
