#include "envpack/cuda/driver_version.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

TEST(DriverVersion, WhatIsWrittenIsReadAgain) {
    for (const std::string text : {"550", "550.54", "525.60.13", "450.80.02", "580.105.08"}) {
        const DriverVersion version = DriverVersion::parse(text).value();
        EXPECT_EQ(version.to_string(), text);
    }
}

TEST(DriverVersion, OtherTextsAreRefused) {
    for (const char* text : {"", "R550", "550.", "550.1.2.3", "550-open", "5500000000"}) {
        EXPECT_FALSE(DriverVersion::parse(text)) << text;
    }
}

TEST(DriverVersion, WhatIsNotToldIsTheNewestOfItsBranch) {
    const auto reaches = [](const char* driver, const char* floor) {
        return DriverVersion::parse(driver)->reaches(*DriverVersion::parse(floor));
    };
    EXPECT_TRUE(reaches("525.60.13", "525.60.13"));
    EXPECT_TRUE(reaches("525", "525.60.13"));
    EXPECT_TRUE(reaches("525.60", "525.60.13"));
    EXPECT_TRUE(reaches("550.54.14", "525.60.13"));
    EXPECT_FALSE(reaches("525.60.11", "525.60.13"));
    EXPECT_FALSE(reaches("525.53", "525.60.13"));
    EXPECT_FALSE(reaches("515.105.01", "525.60.13"));
    EXPECT_TRUE(reaches("580.65.06", "580"));
    EXPECT_FALSE(reaches("575.57.08", "580"));
}

}  // namespace
}  // namespace envpack::cuda
