#include "envpack/packaging/sdist_filename.hpp"

#include "support/conformance.hpp"

#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

TEST(SdistFilename, TheVersionFollowsTheLastHyphen) {
    const auto sdist = SdistFilename::parse("My-Old.Name-1.0.post1.zip");
    ASSERT_TRUE(sdist) << sdist.error().render();
    EXPECT_EQ(sdist->name, "my-old-name");
    EXPECT_EQ(sdist->version.to_string(), "1.0.post1");
    EXPECT_EQ(sdist->to_string(), "my_old_name-1.0.post1.zip");
    EXPECT_EQ(*SdistFilename::parse(sdist->to_string()), *sdist);
    EXPECT_TRUE(sdist->package_name());
}

TEST(SdistFilename, OtherNamesAreRefused) {
    for (const std::string_view text :
         {"foo-1.0.tar.bz2", "foo.tar.gz", "foo-.tar.gz", ".tar.gz", "foo-1.0-py3-none-any.whl"}) {
        EXPECT_FALSE(SdistFilename::parse(text)) << text;
    }
}

TEST(SdistFilenameConformance, AsPackaging) {
    if (const auto reason = support::conformance_missing(); !reason.empty()) {
        GTEST_SKIP() << reason;
    }
    support::ConformanceReport valid("tags/sdist_filenames_valid.json");
    for (const auto& test_case : support::conformance_cases("tags/sdist_filenames_valid.json")) {
        const auto sdist = SdistFilename::parse(*test_case.find("filename")->as_string());
        valid.expect(sdist && sdist->name == *test_case.find("name")->as_string() &&
                         sdist->version.to_string() == *test_case.find("version")->as_string(),
                     test_case);
    }
    support::ConformanceReport invalid("tags/sdist_filenames_invalid.json");
    for (const auto& test_case : support::conformance_cases("tags/sdist_filenames_invalid.json")) {
        invalid.expect(!SdistFilename::parse(*test_case.as_string()), test_case);
    }
}

}  // namespace
}  // namespace envpack::packaging
