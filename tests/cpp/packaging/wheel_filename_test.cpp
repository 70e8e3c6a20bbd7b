#include "envpack/packaging/wheel_filename.hpp"

#include "support/conformance.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

std::vector<std::string> sorted_texts(const json::Array& items) {
    std::vector<std::string> result;
    for (const auto& item : items) {
        result.push_back(*item.as_string());
    }
    std::sort(result.begin(), result.end());
    return result;
}

bool agrees(const WheelFilename& wheel, const json::Value& expected) {
    const json::Array& build = *expected.find("build")->as_array();
    const bool same_build = build.empty() ? !wheel.build
                                          : wheel.build &&
                                                static_cast<std::int64_t>(wheel.build->number) ==
                                                    *build[0].as_integer() &&
                                                wheel.build->text == *build[1].as_string();
    std::vector<std::string> tags;
    for (const Tag& tag : wheel.tags) {
        tags.push_back(tag.to_string());
    }
    std::sort(tags.begin(), tags.end());
    return same_build && wheel.name == *expected.find("name")->as_string() &&
           wheel.version.to_string() == *expected.find("version")->as_string() &&
           tags == sorted_texts(*expected.find("tags")->as_array());
}

TEST(WheelFilename, PrintsNormalised) {
    const std::vector<std::pair<std::string_view, std::string_view>> table = {
        {"foo-1.0-py3-none-any.whl", "foo-1.0-py3-none-any.whl"},
        {"Foo.Bar-1.0.0rc01-02b-py3.py2-none-any.whl", "foo_bar-1.0.0rc1-2b-py2.py3-none-any.whl"},
        {"torch-2.6.0+cu124-cp312-cp312-linux_x86_64.whl",
         "torch-2.6.0+cu124-cp312-cp312-linux_x86_64.whl"},
    };
    for (const auto& [text, printed] : table) {
        const auto wheel = WheelFilename::parse(text);
        ASSERT_TRUE(wheel) << wheel.error().render();
        EXPECT_EQ(wheel->to_string(), printed);
        EXPECT_EQ(*WheelFilename::parse(printed), *wheel);
    }
}

TEST(WheelFilename, ABuildTagIsPreferredToNone) {
    const auto build = [](std::string_view text) { return WheelFilename::parse(text)->build; };
    EXPECT_LT(build("a-1-py3-none-any.whl"), build("a-1-1-py3-none-any.whl"));
    EXPECT_LT(build("a-1-2-py3-none-any.whl"), build("a-1-10-py3-none-any.whl"));
    EXPECT_LT(build("a-1-10-py3-none-any.whl"), build("a-1-10a-py3-none-any.whl"));
}

TEST(WheelFilename, TheMessageShowsTheNameWithoutControlCharacters) {
    const auto wheel = WheelFilename::parse("foo\n-1.0-py3-none-any.whl");
    ASSERT_FALSE(wheel);
    EXPECT_EQ(wheel.error().message(),
              "`foo\\x0a-1.0-py3-none-any.whl` is no wheel file name: the project name is empty or "
              "not escaped");
    EXPECT_FALSE(WheelFilename::parse("foo-1.0-99999999999999999999-py3-none-any.whl"));
}

class WheelFilenameConformance : public testing::Test {
protected:
    void SetUp() override {
        if (const auto reason = support::conformance_missing(); !reason.empty()) {
            GTEST_SKIP() << reason;
        }
    }
};

TEST_F(WheelFilenameConformance, AsPackaging) {
    support::ConformanceReport valid("tags/wheel_filenames_valid.json");
    for (const auto& test_case : support::conformance_cases("tags/wheel_filenames_valid.json")) {
        const auto wheel = WheelFilename::parse(*test_case.find("filename")->as_string());
        valid.expect(wheel && agrees(*wheel, test_case) &&
                         WheelFilename::parse(wheel->to_string()).value() == *wheel,
                     test_case);
    }
    support::ConformanceReport invalid("tags/wheel_filenames_invalid.json");
    for (const auto& test_case : support::conformance_cases("tags/wheel_filenames_invalid.json")) {
        invalid.expect(!WheelFilename::parse(*test_case.as_string()), test_case);
    }
}

TEST_F(WheelFilenameConformance, NamesOfRealWheels) {
    support::ConformanceReport report("wheels/expected.json");
    for (const auto& test_case : support::conformance_cases("wheels/expected.json")) {
        const auto wheel = WheelFilename::parse(*test_case.find("file")->as_string());
        report.expect(wheel && agrees(*wheel, test_case), test_case);
    }
}

}  // namespace
}  // namespace envpack::packaging
