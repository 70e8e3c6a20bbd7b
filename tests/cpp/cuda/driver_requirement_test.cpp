#include "envpack/cuda/driver_requirement.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

// Of nvidia/cuda:12.0.0-base.
constexpr const char* cuda_12 =
    "cuda>=12.0 brand=tesla,driver>=450,driver<451 brand=unknown,driver>=470,driver<471";

TEST(DriverRequirement, ASpaceIsOrAndACommaIsAnd) {
    const DriverRequirement requirement = DriverRequirement::parse(cuda_12).value();
    ASSERT_EQ(requirement.alternatives.size(), 3U);
    EXPECT_EQ(requirement.alternatives[0].size(), 1U);
    ASSERT_EQ(requirement.alternatives[1].size(), 3U);
    EXPECT_EQ(requirement.alternatives[1][2].subject, DriverRequirement::Subject::driver);
    EXPECT_EQ(requirement.alternatives[1][2].comparison, DriverRequirement::Comparison::less);
    EXPECT_EQ(requirement.alternatives[1][2].value, "451");
    EXPECT_EQ(requirement.to_string(), cuda_12);
    EXPECT_EQ(DriverRequirement::parse(requirement.to_string()).value(), requirement);
}

TEST(DriverRequirement, EmptyPiecesAndCaseMeanNothing) {
    EXPECT_EQ(DriverRequirement::parse("  CUDA>=12.0,,arch!=5.0  ").value().to_string(),
              "cuda>=12.0,arch!=5.0");
    EXPECT_TRUE(DriverRequirement::parse(" , ").value().alternatives.empty());
}

TEST(DriverRequirement, WhatTheRuntimeCallsInvalidIsRefused) {
    for (const char* text :
         {"cuda", "cuda>=", ">=12.0", "gpu>=12.0", "cuda==12.0", "cuda=>12.0", "cuda >= 12.0"}) {
        EXPECT_FALSE(DriverRequirement::parse(text)) << text;
    }
}

TEST(DriverRequirement, TheCudaThatIsEnoughByItself) {
    const auto least = [](const char* text) {
        const auto cuda = DriverRequirement::parse(text).value().least_cuda();
        return cuda ? cuda->to_string() : "none";
    };
    EXPECT_EQ(least(cuda_12), "12.0");
    EXPECT_EQ(least("cuda>=9.0"), "9.0");
    EXPECT_EQ(least("cuda>=13"), "13.0");
    EXPECT_EQ(least("cuda>=12.4,cuda>=12.6 cuda>=13.0"), "12.6");
    EXPECT_EQ(least("cuda>=12.4,cuda<13.0"), "none");
    EXPECT_EQ(least("brand=tesla,driver>=450"), "none");
    EXPECT_EQ(least(""), "none");
}

TEST(DriverRequirement, AllVariablesOfAnImageMustHold) {
    const auto texts = [](const std::map<std::string, std::string, std::less<>>& environment) {
        std::vector<std::string> found;
        const std::vector<DriverRequirement> all = driver_requirements(environment).value();
        for (const DriverRequirement& one : all) {
            found.push_back(one.to_string());
        }
        return found;
    };
    using Texts = std::vector<std::string>;
    EXPECT_EQ(texts({{"NVIDIA_REQUIRE_CUDA", "cuda>=12.4"}, {"NVIDIA_REQUIRE_GPU", "arch>=7.0"}}),
              (Texts{"cuda>=12.4", "arch>=7.0"}));
    EXPECT_EQ(texts({{"CUDA_VERSION", "13.1.1.006"}}), Texts{"cuda>=13.1"});
    EXPECT_EQ(texts({{"CUDA_VERSION", "13.1.1.006"}, {"NVIDIA_REQUIRE_CUDA", "cuda>=9.0"}}),
              Texts{"cuda>=9.0"});
    EXPECT_EQ(texts({{"NVIDIA_REQUIRE_JETPACK", "csv-mounts=all"}}), Texts());
    EXPECT_EQ(texts({{"NVIDIA_REQUIRE_CUDA", "cuda>=12.4"}, {"NVIDIA_DISABLE_REQUIRE", "1"}}),
              Texts());
    EXPECT_FALSE(driver_requirements({{"NVIDIA_REQUIRE_CUDA", "nonsense"}}));
}

}  // namespace
}  // namespace envpack::cuda
