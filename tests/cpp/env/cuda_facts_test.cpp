#include "envpack/env/cuda_facts.hpp"

#include "envpack/archive/disk_tree.hpp"
#include "envpack/archive/memory_tree.hpp"
#include "envpack/base/process.hpp"

#include <algorithm>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

using archive::MemoryTree;

CudaFacts facts_of(const archive::FileTree& tree, const Environment& environment = {},
                   const Inventory& inventory = {}) {
    return cuda_facts(tree, environment, inventory, {}).value();
}

std::string text(const std::optional<cuda::CudaVersion>& version) {
    return version ? version->to_string() : "none";
}

FrozenPackage package(const char* name, const char* version) {
    return {.name = packaging::PackageName::parse(name).value(),
            .raw_version = version,
            .version = packaging::Version::parse(version).value(),
            .location = std::string("usr/lib/python3/dist-packages/") + name + ".dist-info"};
}

/// A tree like nvidia/cuda:12.4.1-cudnn-devel, whose parts all tell the same.
MemoryTree devel_tree() {
    MemoryTree tree;
    tree.add_symlink("usr/local/cuda", "/etc/alternatives/cuda")
        .add_symlink("etc/alternatives/cuda", "/usr/local/cuda-12.4")
        .add_file("usr/local/cuda-12.4/version.json",
                  R"({"cuda": {"name": "CUDA SDK", "version": "12.4.20240329"}})")
        .add_symlink("usr/local/cuda-12.4/lib64", "targets/x86_64-linux/lib")
        .add_symlink("usr/local/cuda-12.4/targets/x86_64-linux/lib/libcudart.so.12",
                     "libcudart.so.12.4.127")
        .add_file("usr/local/cuda-12.4/targets/x86_64-linux/lib/libcudart.so.12.4.127", "")
        .add_file("usr/local/cuda-12.4/include/cuda_runtime_api.h",
                  "#define CUDART_VERSION  12040\n")
        .add_file("usr/lib/x86_64-linux-gnu/libcudnn.so.9.1.0", "")
        .add_file("usr/include/x86_64-linux-gnu/cudnn_version_v9.h",
                  "#define CUDNN_MAJOR 9\n#define CUDNN_MINOR 1\n#define CUDNN_PATCHLEVEL 0\n")
        .add_symlink("usr/include/cudnn_version.h", "/etc/alternatives/libcudnn")
        .add_symlink("etc/alternatives/libcudnn",
                     "/usr/include/x86_64-linux-gnu/cudnn_version_v9.h")
        .add_file("usr/include/nccl.h",
                  "#define NCCL_MAJOR 2\n#define NCCL_MINOR 21\n#define NCCL_PATCH 5\n")
        .add_file("var/lib/dpkg/status",
                  "Package: cuda-cudart-12-4\nStatus: install ok installed\nVersion: 12.4.127-1\n\n"
                  "Package: cuda-cudart-dev-12-4\nStatus: install ok installed\n"
                  "Version: 12.4.127-1\n\n"
                  "Package: cuda-cudart-11-8\nStatus: deinstall ok config-files\n"
                  "Version: 11.8.89-1\n\n"
                  "Package: libcudnn9-cuda-12\nStatus: install ok installed\n"
                  "Version: 9.1.0.70-1\n\n"
                  "Package: libcudnn9-dev-cuda-12\nStatus: install ok installed\n"
                  "Version: 9.9.9.99-1\n\n"
                  "Package: libnccl2\nStatus: hold ok installed\nVersion: 2.21.5-1+cuda12.4\n");
    return tree;
}

const Environment devel_environment = {
    {"CUDA_VERSION", "12.4.1"},
    {"NV_CUDNN_VERSION", "9.1.0.70-1"},
    {"NV_LIBNCCL_PACKAGE_VERSION", "2.21.5-1"},
    {"NVIDIA_REQUIRE_CUDA", "cuda>=12.4 brand=tesla,driver>=470,driver<471"}};

TEST(CudaFacts, LibrariesAreThoseThatCanBeLoaded) {
    MemoryTree tree = devel_tree();
    tree.add_file("usr/local/cuda-12.4/targets/x86_64-linux/lib/libcublas.so", "")
        .add_file("usr/local/cuda-12.4/targets/x86_64-linux/lib/libcufft.so.11", "")
        .add_file("usr/local/cuda-12.4/targets/x86_64-linux/lib/libcublasLt.so.12", "")
        .add_file("usr/local/cuda-12.4/extras/CUPTI/lib64/libcupti.so.12", "")
        .add_file("usr/lib/x86_64-linux-gnu/libnccl.so.2", "");
    const CudaFacts facts = facts_of(tree, devel_environment);
    EXPECT_EQ(facts.libraries, (std::vector<std::string>{"libcudart", "libcudnn", "libcufft",
                                                         "libcupti", "libnccl"}));
    EXPECT_EQ(facts.system_cudnn(), "9.1.0.70");
    CudaFacts wheels;
    wheels.cudnn = {{"package nvidia-cudnn-cu12", "9.8.0.87"}};
    EXPECT_EQ(wheels.system_cudnn(), "");
}

TEST(CudaFacts, TheVariableDecidesAndTheRestConfirms) {
    const CudaFacts facts = facts_of(devel_tree(), devel_environment);
    EXPECT_EQ(text(facts.cuda()), "12.4.1");
    const std::vector<VersionEvidence> toolkit = {
        {"CUDA_VERSION", "12.4.1"},
        {"/usr/local/cuda -> /usr/local/cuda-12.4", "12.4"},
        {"/usr/local/cuda/version.json", "12.4.20240329"},
        {"package cuda-cudart-12-4", "12.4"},
        {"/usr/local/cuda-12.4/targets/x86_64-linux/lib/libcudart.so.12.4.127", "12.4"},
        {"/usr/local/cuda/include/cuda_runtime_api.h", "12.4"}};
    EXPECT_EQ(facts.toolkit, toolkit);
    const std::vector<VersionEvidence> cudnn = {
        {"NV_CUDNN_VERSION", "9.1.0.70"},
        {"package libcudnn9-cuda-12", "9.1.0.70"},
        {"/usr/lib/x86_64-linux-gnu/libcudnn.so.9.1.0", "9.1.0"},
        {"/usr/include/cudnn_version.h", "9.1.0"}};
    EXPECT_EQ(facts.cudnn, cudnn);
    const std::vector<VersionEvidence> nccl = {{"NV_LIBNCCL_PACKAGE_VERSION", "2.21.5"},
                                               {"package libnccl2", "2.21.5"},
                                               {"/usr/include/nccl.h", "2.21.5"}};
    EXPECT_EQ(facts.nccl, nccl);
    EXPECT_EQ(text(facts.least_driver_cuda()), "12.4");
    EXPECT_EQ(facts.problems, std::vector<std::string>());
    EXPECT_TRUE(facts.torch.empty());
}

TEST(CudaFacts, WithoutTheVariableTheFilesTell) {
    EXPECT_EQ(text(facts_of(devel_tree()).cuda()), "12.4");
    MemoryTree old;
    old.add_file("usr/local/cuda/version.txt", "CUDA Version 10.2.89\n");
    EXPECT_EQ(text(facts_of(old).cuda()), "10.2.89");
    MemoryTree distribution;
    distribution.add_file("usr/lib/x86_64-linux-gnu/libcudart.so.11.8.89", "");
    EXPECT_EQ(text(facts_of(distribution).cuda()), "11.8");
    MemoryTree wheels;
    wheels.add_file("usr/local/cuda/lib64/libcudart.so.13", "");
    EXPECT_EQ(text(facts_of(wheels).cuda()), "none");
    EXPECT_EQ(text(facts_of(MemoryTree()).cuda()), "none");
}

TEST(CudaFacts, FourPartsOfNvidiasFrameworkImages) {
    const CudaFacts facts = facts_of(
        MemoryTree(), {{"CUDA_VERSION", "13.1.1.006"}, {"NVIDIA_REQUIRE_CUDA", "cuda>=9.0"}});
    EXPECT_EQ(text(facts.cuda()->minor_version()), "13.1");
    EXPECT_EQ(text(facts.least_driver_cuda()), "9.0");
}

TEST(CudaFacts, ADisagreementIsTold) {
    const CudaFacts facts = facts_of(devel_tree(), {{"CUDA_VERSION", "12.5.0"}});
    EXPECT_EQ(text(facts.cuda()), "12.5.0");
    ASSERT_FALSE(facts.problems.empty());
    EXPECT_EQ(facts.problems.front(),
              "CUDA_VERSION says CUDA 12.5.0, but /usr/local/cuda -> /usr/local/cuda-12.4 says "
              "12.4");
    const CudaFacts unread = facts_of(
        MemoryTree(), {{"CUDA_VERSION", "latest"}, {"NVIDIA_REQUIRE_CUDA", "cuda is new"}});
    EXPECT_EQ(unread.problems.size(), 2U);
}

TEST(CudaFacts, TheCudaOfTorchIsAnotherFact) {
    MemoryTree tree;
    tree.add_file("usr/lib/python3/dist-packages/torch/version.py",
                  "__version__ = '2.6.0'\ncuda_home = '/x'\ncuda: Optional[str] = '12.4'\n");
    Inventory inventory;
    inventory.packages = {package("nvidia-cuda-runtime-cu12", "12.4.127"),
                          package("nvidia-cuda-runtime-cu13", "0.0.1"),
                          package("nvidia-cudnn-cu12", "9.1.0.70"),
                          package("torch", "2.6.0+cu124")};
    const CudaFacts facts = facts_of(tree, {{"CUDA_VERSION", "12.6.0"}}, inventory);
    EXPECT_EQ(text(facts.cuda()), "12.6.0");
    EXPECT_EQ(text(facts.torch_cuda()), "12.4");
    const std::vector<VersionEvidence> torch = {
        {"torch 2.6.0+cu124", "12.4"},
        {"/usr/lib/python3/dist-packages/torch/version.py", "12.4"},
        {"package nvidia-cuda-runtime-cu12", "12.4"}};
    EXPECT_EQ(facts.torch, torch);
    EXPECT_EQ(facts.cudnn,
              (std::vector<VersionEvidence>{{"package nvidia-cudnn-cu12", "9.1.0.70"}}));
    EXPECT_TRUE(facts.problems.empty());
}

TEST(CudaFacts, HostileTextsAreNoVersions) {
    MemoryTree tree;
    tree.add_symlink("usr/local/cuda", "cuda-99999999999.1")
        .add_file("usr/local/cuda-99999999999.1/version.json", "{\"cuda\": [")
        .add_file("usr/local/cuda-99999999999.1/include/cuda_runtime_api.h",
                  "#define CUDART_VERSION 99999999999999\n")
        .add_file("usr/lib64/libcudart.so.1.2.3.4.5.6", "")
        .add_file("usr/lib64/libcudart.so...", "")
        .add_file("var/lib/dpkg/status", "Package: cuda-cudart-\nVersion: 1:\n\nPackage:\n");
    Inventory inventory;
    inventory.packages = {package("nvidia-cuda-runtime", "99999999999.4")};
    const CudaFacts facts = facts_of(tree, {}, inventory);
    EXPECT_TRUE(facts.toolkit.empty());
    EXPECT_TRUE(facts.torch.empty());
}

TEST(CudaFacts, ReadersOfImagesKeepWhatIsRead) {
    const MemoryTree tree = devel_tree();
    for (const char* path :
         {"usr/local/cuda-12.4/version.json", "usr/local/cuda-12.4/include/cuda_runtime_api.h",
          "usr/include/x86_64-linux-gnu/cudnn_version_v9.h", "usr/include/nccl.h",
          "var/lib/dpkg/status"}) {
        const SafePath safe = SafePath::parse(path).value();
        EXPECT_TRUE(cuda_facts_want(safe, **tree.lookup(safe))) << path;
    }
    EXPECT_FALSE(cuda_facts_want(SafePath::parse("usr/lib/libcudart.so.12.4.127").value(), {}));
    EXPECT_FALSE(cuda_facts_want(SafePath::parse("usr/include/nccl.h").value(),
                                 {.size = std::uint64_t{1} << 40}));
}

TEST(CudaFacts, TheToolkitOfThisMachineIsTheOneOfItsCompiler) {
    if (!std::filesystem::exists("/usr/local/cuda/bin/nvcc")) {
        GTEST_SKIP() << "no CUDA toolkit in /usr/local/cuda";
    }
    const auto nvcc =
        run_process({.arguments = {"/usr/local/cuda/bin/nvcc", "--version"}}, {}).value();
    const CudaFacts facts = facts_of(archive::DiskTree("/"));
    ASSERT_TRUE(facts.cuda().has_value());
    EXPECT_NE(nvcc.standard_output.find("release " + text(facts.cuda()->minor_version())),
              std::string::npos);
    EXPECT_EQ(facts.problems, std::vector<std::string>());
}

}  // namespace
}  // namespace envpack::env
