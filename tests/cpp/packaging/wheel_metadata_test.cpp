#include "envpack/packaging/wheel_metadata.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

TEST(WheelMetadata, ReadsTheFields) {
    const auto wheel = WheelMetadata::parse(
        "Wheel-Version: 1.9\nGenerator: some 1.0\nRoot-Is-Purelib: True\n"
        "Tag: py3-none-any\nTag: py2-none-any\nTag: odd\nBuild: 1a\n");
    ASSERT_TRUE(wheel) << wheel.error().render();
    EXPECT_EQ(wheel->major, 1u);
    EXPECT_EQ(wheel->minor, 9u);
    EXPECT_TRUE(wheel->root_is_purelib);
    EXPECT_EQ(wheel->build, "1a");
    ASSERT_EQ(wheel->tags.size(), 2u);
    EXPECT_EQ(wheel->tags[0].to_string(), "py2-none-any");
    EXPECT_EQ(*WheelMetadata::parse(wheel->to_string()), *wheel);
    EXPECT_FALSE(WheelMetadata::parse("Wheel-Version: 1.0\n")->root_is_purelib);
}

TEST(WheelMetadata, AnUnknownFormatIsRefused) {
    EXPECT_EQ(WheelMetadata::parse("Wheel-Version: 2.0\n").error().code(), ErrorCode::unsupported);
    for (const std::string_view text : {"", "Wheel-Version: \n", "Wheel-Version: one\n",
                                        "Wheel-Version: 1.x\n", "Wheel-Version: -1.0\n"}) {
        const auto wheel = WheelMetadata::parse(text);
        ASSERT_FALSE(wheel) << text;
        EXPECT_EQ(wheel.error().code(), ErrorCode::parse_error) << text;
        EXPECT_EQ(wheel.error().rule(), "wheel.version");
    }
}

}  // namespace
}  // namespace envpack::packaging
