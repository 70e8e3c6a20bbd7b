#include "envpack/env/cuda_facts_record.hpp"

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

TEST(CudaFactsRecord, KeepsEverything) {
    const CudaFacts facts{
        .toolkit = {{"CUDA_VERSION", "12.4.1"}, {"/usr/local/cuda -> cuda-12.4", "12.4"}},
        .torch = {{"torch 2.6.0+cu124", "12.4"}},
        .cudnn = {{"package libcudnn9", "9.1.0"}},
        .nccl = {{"NCCL_VERSION", "2.21"}},
        .requirements = {*cuda::DriverRequirement::parse(
                             "cuda>=12.4 brand=tesla,driver>=470,driver<471"),
                         *cuda::DriverRequirement::parse("cuda>=11.8")},
        .problems = {"one \"thing\"", "another"}};
    const auto kept = parse_cuda_record(to_record(facts));
    ASSERT_TRUE(kept) << kept.error().render();
    EXPECT_EQ(to_record(*kept), to_record(facts));
    EXPECT_EQ(kept->toolkit, facts.toolkit);
    EXPECT_EQ(kept->torch, facts.torch);
    EXPECT_EQ(kept->cudnn, facts.cudnn);
    EXPECT_EQ(kept->nccl, facts.nccl);
    EXPECT_EQ(kept->requirements, facts.requirements);
    EXPECT_EQ(kept->problems, facts.problems);
    EXPECT_TRUE(parse_cuda_record(to_record(CudaFacts())));
}

TEST(CudaFactsRecord, OtherTextsAreNone) {
    for (const char* text :
         {"", "{}", "[]", "[[],[],[],[],[],[]]", "[[],[],[],[],[],[],[],[]]",
          R"([[["where","no version"]],[],[],[],[],[],[]])",
          R"([[],[["where",""]],[],[],[],[],[]])", R"([[["where"]],[],[],[],[],[],[]])",
          R"([[],[],[],[],[],["cuda=>1"],[]])", R"([[],[],[],[],[1],[],[]])",
          R"([[],[],[],[],[],[],[1]])"}) {
        EXPECT_FALSE(parse_cuda_record(text)) << text;
    }
}

}  // namespace
}  // namespace envpack::env
