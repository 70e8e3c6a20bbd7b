#include "envpack/cuda/gpu_table.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

class GpuTableTest : public testing::Test {
protected:
    bool runs(const char* code, const char* gpu) const {
        return table.runs(GpuCode::parse(code).value(), table.find(gpu).value());
    }
    bool compiles(const char* code, const char* gpu) const {
        return table.compiles(GpuCode::parse(code).value(), table.find(gpu).value());
    }
    const GpuTable table = GpuTable::load().value();
};

TEST(GpuCode, WhatIsWrittenIsReadAgain) {
    for (const std::string text : {"sm_90", "sm_90a", "sm_100f", "compute_120", "compute_75"}) {
        EXPECT_EQ(GpuCode::parse(text).value().to_string(), text);
    }
}

TEST(GpuCode, OtherTextsAreRefused) {
    for (const char* text : {"", "90", "sm_", "sm_9", "sm_a", "sm_90b", "sm_090", "compute_",
                             "SM_90", "sm_90aa", "sm_9.0"}) {
        EXPECT_FALSE(GpuCode::parse(text)) << text;
    }
}

TEST_F(GpuTableTest, EveryNameOfTheTableIsFound) {
    for (const GpuTable::Model& model : table.models()) {
        for (const std::string& name : model.names) {
            EXPECT_EQ(table.find(name).value().capability, model.capability) << name;
        }
        EXPECT_EQ(table.find(model.capability.to_string()).value().capability, model.capability);
    }
}

TEST_F(GpuTableTest, NamesAreReadAsPeopleAndNvidiaSmiWriteThem) {
    const std::pair<const char*, const char*> rows[] = {
        {"H100", "9.0"},
        {"h100", "9.0"},
        {"NVIDIA H100 80GB HBM3", "9.0"},
        {"NVIDIA H200", "9.0"},
        {"Tesla V100-SXM2-16GB", "7.0"},
        {"NVIDIA A100-SXM4-80GB", "8.0"},
        {"NVIDIA GeForce RTX 4090", "8.9"},
        {"rtx4090", "8.9"},
        {"NVIDIA RTX 6000 Ada Generation", "8.9"},
        {"Quadro RTX 6000", "7.5"},
        {"RTX PRO 6000 Blackwell Server Edition", "12.0"},
        {"NVIDIA GB10", "12.1"},
        {"L40S", "8.9"},
        {"sm_90a", "9.0"},
        {"compute_120", "12.0"},
        {"8.6", "8.6"},
    };
    for (const auto& [name, capability] : rows) {
        EXPECT_EQ(table.find(name).value().capability.to_string(), capability) << name;
    }
}

TEST_F(GpuTableTest, AGpuThatNobodyKnowsIsNoGuess) {
    for (const char* name : {"H1000", "RTX 6000", "sm_91", "9.9", "", "GPU", "NVIDIA"}) {
        const auto found = table.find(name);
        ASSERT_FALSE(found) << name;
        EXPECT_EQ(found.error().code(), ErrorCode::invalid_argument);
    }
}

TEST_F(GpuTableTest, ListsAreSeparatedByCommas) {
    const std::vector<Gpu> gpus = table.find_list("V100, sm_90").value();
    ASSERT_EQ(gpus.size(), 2U);
    EXPECT_EQ(gpus[0].name, "V100");
    EXPECT_EQ(gpus[1].capability.major, 9U);
    EXPECT_TRUE(table.find_list(" ").value().empty());
    EXPECT_FALSE(table.find_list("V100,"));
}

TEST_F(GpuTableTest, MachineCodeRunsOnTheSameMajorFromItsMinorOn) {
    EXPECT_TRUE(runs("sm_86", "L4"));
    EXPECT_TRUE(runs("sm_80", "RTX 4090"));
    EXPECT_TRUE(runs("sm_100", "GB300"));
    EXPECT_TRUE(runs("sm_100", "R100"));
    EXPECT_TRUE(runs("sm_120", "GB10"));
    EXPECT_FALSE(runs("sm_86", "A100"));
    EXPECT_FALSE(runs("sm_100", "RTX 5090"));
    EXPECT_FALSE(runs("sm_120", "B200"));
    EXPECT_FALSE(runs("compute_80", "A100"));
}

TEST_F(GpuTableTest, MachineCodeOfJetsonsAndOfOtherGpusDoesNotExchange) {
    EXPECT_FALSE(runs("sm_80", "Jetson AGX Orin"));
    EXPECT_FALSE(runs("sm_87", "L4"));
    EXPECT_TRUE(runs("sm_87", "Jetson AGX Orin"));
    EXPECT_TRUE(runs("sm_110", "Jetson T5000"));
}

TEST_F(GpuTableTest, SuffixesBindToOneGpuOrToAFamily) {
    EXPECT_TRUE(runs("sm_90a", "H100"));
    EXPECT_FALSE(runs("sm_100a", "B300"));
    EXPECT_TRUE(runs("sm_100f", "B300"));
    EXPECT_FALSE(runs("sm_103f", "R100"));
    EXPECT_FALSE(runs("sm_100f", "RTX 5090"));
    EXPECT_TRUE(compiles("compute_120f", "GB10"));
    EXPECT_FALSE(compiles("compute_120a", "GB10"));
}

TEST_F(GpuTableTest, PtxCompilesForEveryLaterGpu) {
    EXPECT_TRUE(compiles("compute_80", "A100"));
    EXPECT_TRUE(compiles("compute_80", "RTX 5090"));
    EXPECT_FALSE(compiles("compute_120", "B200"));
    EXPECT_FALSE(compiles("sm_80", "A100"));
}

}  // namespace
}  // namespace envpack::cuda
