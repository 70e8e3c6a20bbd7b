#include "envpack/cuda/torch_build.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

using packaging::Version;

TEST(TorchBuild, ReadsLocalVersions) {
    const std::pair<const char*, std::optional<TorchBuild>> rows[] = {
        {"cu12torch2.5cxx11abiFALSE", TorchBuild{2, 5, 12, false}},
        {"cu13torch2.10cxx11abitrue", TorchBuild{2, 10, 13, true}},
        {"cu118torch2.0cxx11abiFALSE", TorchBuild{2, 0, 11, false}},
        {"cu122torch2.2cxx11abiTRUE", TorchBuild{2, 2, 12, true}},
        {"pt212cu130", TorchBuild{2, 12, 13, std::nullopt}},
        {"pt20cpu", TorchBuild{2, 0, std::nullopt, std::nullopt}},
        {"pt112cu116", TorchBuild{1, 12, 11, std::nullopt}},
        {"cu124", std::nullopt},
        {"cu12torch2.5", std::nullopt},
        {"cu12torch2.5cxx11abimaybe", std::nullopt},
        {"cu12torch2.5cxx11abitrue.more", std::nullopt},
        {"cu1234567torch2.5cxx11abitrue", std::nullopt},
        {"pt2cu", std::nullopt},
        {"", std::nullopt},
    };
    for (const auto& [text, build] : rows) {
        EXPECT_EQ(TorchBuild::of_local(text), build) << text;
    }
}

TEST(TorchBuild, FitsOneTorch) {
    struct Row {
        const char* local;
        const char* torch;
        const char* cuda;
        const char* misfit;
    };
    const Row rows[] = {
        {"cu12torch2.5cxx11abiFALSE", "2.5.1+cu124", "12.4", ""},
        {"cu12torch2.5cxx11abiTRUE", "2.5.1+cu124", "12.4", "cxx11abi TRUE"},
        {"cu12torch2.7cxx11abiTRUE", "2.7.1", "12.6", ""},
        {"cu12torch2.7cxx11abiFALSE", "2.7.1", "12.6", "cxx11abi FALSE"},
        {"cu12torch2.6cxx11abiTRUE", "2.6.0a0+df5bbc09d1.nv24.12", "12.6", ""},
        {"cu12torch2.6cxx11abiFALSE", "2.6.0a0+df5bbc09d1.nv24.12", "12.6", "cxx11abi FALSE"},
        {"cu12torch2.6cxx11abiFALSE", "2.6.0", "12.4", ""},
        {"cu12torch2.6cxx11abiTRUE", "2.6.0", "12.6", ""},  // nobody knows
        {"cu13torch2.10cxx11abiTRUE", "2.10.0", "12.8", "compiled for CUDA 13"},
        {"cu12torch2.5cxx11abiFALSE", "2.6.0", "12.4", "compiled for torch 2.5"},
        {"pt212cu130", "2.12.1", "13.0", ""},
        {"pt212cu130", "2.13.0", "13.0", "compiled for torch 2.12"},
    };
    for (const Row& row : rows) {
        const EcosystemTorch torch{.version = Version::parse(row.torch).value(),
                                   .cuda = CudaVersion::parse(row.cuda).value()};
        const std::string found = misfit(TorchBuild::of_local(row.local).value(), torch);
        EXPECT_EQ(found.empty(), std::string_view(row.misfit).empty()) << row.local << found;
        EXPECT_NE(found.find(row.misfit), std::string::npos) << found;
    }
}

}  // namespace
}  // namespace envpack::cuda
