#include "envpack/packaging/tag.hpp"

#include "support/conformance.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

std::vector<std::string> texts(const std::vector<Tag>& tags) {
    std::vector<std::string> result;
    for (const Tag& tag : tags) {
        result.push_back(tag.to_string());
    }
    return result;
}

std::vector<Tag> set_of(std::string_view text) {
    const auto tags = parse_tag_set(text);
    EXPECT_TRUE(tags) << text;
    return tags ? *tags : std::vector<Tag>();
}

TEST(Tag, ASetIsTheProductOfItsComponents) {
    using Texts = std::vector<std::string>;
    EXPECT_EQ(texts(set_of("py2.py3-none-any")), (Texts{"py2-none-any", "py3-none-any"}));
    EXPECT_EQ(texts(set_of("CP314-cp314t.abi3-linux_x86_64")),
              (Texts{"cp314-abi3-linux_x86_64", "cp314-cp314t-linux_x86_64"}));
    EXPECT_EQ(to_tag_set(set_of("py3.py2-none-b.a")), "py2.py3-none-a.b");
    EXPECT_FALSE(Tag::parse("py2.py3-none-any"));
    EXPECT_EQ(Tag::parse("py3-none-any")->to_string(), "py3-none-any");
}

TEST(Tag, ASetThatExplodesIsRefused) {
    std::string component = "a";
    for (int i = 0; i < 100; ++i) {
        component += ".a" + std::to_string(i);
    }
    const auto tags = parse_tag_set(component + "-" + component + "-" + component);
    ASSERT_FALSE(tags);
    EXPECT_EQ(tags.error().code(), ErrorCode::limit_exceeded);
}

TEST(TagTarget, FreeThreadedPythonTakesNoPlainStableAbi) {
    const auto tags = texts(supported_tags({.minor = 14, .libc_minor = 28, .free_threaded = true}));
    EXPECT_EQ(tags[0], "cp314-cp314t-linux_x86_64");
    EXPECT_EQ(tags[1], "cp314-cp314t-manylinux_2_28_x86_64");
    const auto has = [&tags](std::string_view tag) {
        return std::find(tags.begin(), tags.end(), tag) != tags.end();
    };
    EXPECT_TRUE(has("cp314-abi3t-linux_x86_64"));
    EXPECT_FALSE(has("cp314-abi3-linux_x86_64"));
    EXPECT_FALSE(has("cp314-cp314-linux_x86_64"));
    EXPECT_TRUE(has("cp314-none-any"));
    EXPECT_EQ(tags.back(), "py30-none-any");
}

TEST(TagTarget, PlatformsFollowTheLibc) {
    using Texts = std::vector<std::string>;
    EXPECT_EQ(
        platform_tags({.machine = "aarch64", .libc = Libc::musl, .libc_major = 1, .libc_minor = 2}),
        (Texts{"linux_aarch64", "musllinux_1_2_aarch64", "musllinux_1_1_aarch64",
               "musllinux_1_0_aarch64"}));
    EXPECT_EQ(platform_tags({.machine = "aarch64", .libc_minor = 17}),
              (Texts{"linux_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"}));
    EXPECT_EQ(platform_tags({.machine = "mips64", .libc_minor = 36}), (Texts{"linux_mips64"}));
    EXPECT_EQ(platform_tags({.machine = "aarch64", .libc_minor = 12}), (Texts{"linux_aarch64"}));
    EXPECT_EQ(platform_tags({.machine = "x86_64", .libc_minor = 39}).size(), 1u + 35 + 3);
}

TEST(TagTarget, PyPyHasItsOwnAbi) {
    const auto tags = texts(supported_tags(
        {.implementation = "pypy", .minor = 10, .libc_minor = 17, .abi = "pypy310_pp73"}));
    EXPECT_EQ(tags[0], "pp310-pypy310_pp73-linux_x86_64");
    EXPECT_NE(std::find(tags.begin(), tags.end(), "pp3-none-any"), tags.end());
}

TEST(TagIndex, RanksAWheelByItsBestTag) {
    const TagIndex index(TagTarget{.minor = 12, .libc_minor = 28});
    const auto rank = [&index](std::string_view set) { return index.rank(set_of(set)); };
    EXPECT_EQ(rank("cp312-cp312-linux_x86_64"), 0u);
    EXPECT_LT(rank("cp312-cp312-manylinux_2_28_x86_64"),
              rank("cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"));
    EXPECT_LT(rank("cp312-abi3-manylinux_2_17_x86_64"), rank("cp39-abi3-manylinux_2_17_x86_64"));
    EXPECT_LT(rank("cp39-abi3-manylinux_2_17_x86_64"), rank("py3-none-any"));
    EXPECT_EQ(rank("py2.py3-none-any"), rank("py3-none-any"));
    EXPECT_FALSE(rank("cp312-cp312-manylinux_2_34_x86_64"));
    EXPECT_FALSE(rank("cp313-cp313-linux_x86_64"));
    EXPECT_FALSE(rank("py3-none-win_amd64"));
}

TEST(TagIndex, RanksATextAsItRanksItsTags) {
    const TagIndex index(TagTarget{.minor = 12, .libc_minor = 28});
    for (const std::string_view set :
         {"cp312-cp312-linux_x86_64", "CP312-cp312-Linux_X86_64", "py2.py3-none-any",
          "cp311.cp312-abi3.cp312-manylinux_2_34_x86_64.manylinux_2_17_x86_64",
          "cp313-cp313-linux_x86_64", "py3-none-win_amd64.macosx_11_0_arm64"}) {
        EXPECT_EQ(index.rank(set), index.rank(set_of(set))) << set;
    }
    for (const std::string_view set : {"", "-", "--", "py3", "py3-none", "py3-none-", "..-..-.."}) {
        EXPECT_FALSE(index.rank(set)) << set;
    }
    std::string many = "a";
    for (int i = 0; i < 5000; ++i) {
        many += ".a";
    }
    EXPECT_FALSE(index.rank(many + "-" + many + "-" + many)) << "and soon";
}

class TagConformance : public testing::Test {
protected:
    void SetUp() override {
        if (const auto reason = support::conformance_missing(); !reason.empty()) {
            GTEST_SKIP() << reason;
        }
    }
};

TEST_F(TagConformance, RejectsWhatPackagingRejects) {
    support::ConformanceReport report("tags/tags_invalid.json");
    for (const auto& test_case : support::conformance_cases("tags/tags_invalid.json")) {
        report.expect(!parse_tag_set(*test_case.as_string()), test_case);
    }
}

TEST_F(TagConformance, SupportedTagsAreTheListOfPackaging) {
    const auto number_after_dot = [](const json::Value& value) {
        const std::string& text = *value.as_string();
        return static_cast<unsigned>(std::stoul(text.substr(text.find('.') + 1)));
    };
    support::ConformanceReport report("tags/supported_tags_linux.json");
    for (const auto& test_case : support::conformance_cases("tags/supported_tags_linux.json")) {
        const TagTarget target{.implementation = *test_case.find("implementation")->as_string(),
                               .minor = number_after_dot(*test_case.find("python")),
                               .machine = *test_case.find("arch")->as_string(),
                               .libc_minor = number_after_dot(*test_case.find("glibc"))};
        std::vector<std::string> expected;
        for (const auto& tag : *test_case.find("tags")->as_array()) {
            expected.push_back(*tag.as_string());
        }
        report.expect(texts(supported_tags(target)) == expected, *test_case.find("glibc"));
    }
}

}  // namespace
}  // namespace envpack::packaging
