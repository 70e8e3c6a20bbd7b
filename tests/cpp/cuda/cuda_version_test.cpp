#include "envpack/cuda/cuda_version.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

TEST(CudaVersion, WhatIsWrittenIsReadAgain) {
    for (const std::string text : {"12.4", "12.4.1", "9.0", "13.1.1.6"}) {
        const CudaVersion version = CudaVersion::parse(text).value();
        EXPECT_EQ(version.to_string(), text);
        EXPECT_EQ(CudaVersion::parse(version.to_string()).value(), version);
    }
}

TEST(CudaVersion, FourPartsOfNvidiasFrameworkImagesAreRead) {
    const CudaVersion version = CudaVersion::parse("13.1.1.006").value();
    EXPECT_EQ(version.minor_version(), CudaVersion::parse("13.1").value());
    EXPECT_EQ(version.patch, 1U);
    EXPECT_EQ(version.build, 6U);
}

TEST(CudaVersion, OtherTextsAreRefused) {
    for (const char* text : {"", "12", "12.", ".4", "12.4.1.2.3", "12.x", "cu124", "12.4-1",
                             " 12.4", "12.99999999999", "-1.0", "12..4"}) {
        EXPECT_FALSE(CudaVersion::parse(text)) << text;
    }
}

}  // namespace
}  // namespace envpack::cuda
