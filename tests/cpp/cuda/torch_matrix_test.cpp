#include "envpack/cuda/torch_matrix.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

using packaging::Version;

TEST(TorchMatrix, EveryReleaseIsInIndexesThatExist) {
    const TorchMatrix matrix = TorchMatrix::load().value();
    ASSERT_FALSE(matrix.releases().empty());
    for (const TorchRelease& release : matrix.releases()) {
        for (const std::string& suffix : release.suffixes) {
            const TorchIndex* index = matrix.index(suffix);
            ASSERT_NE(index, nullptr) << suffix;
            EXPECT_EQ(index->url, "https://download.pytorch.org/whl/" + suffix);
            EXPECT_TRUE(matrix.never_published(index->cuda).empty()) << suffix;
        }
        EXPECT_NE(matrix.index(release.default_suffix), nullptr);
        EXPECT_NE(matrix.family(release.torch), nullptr);
        EXPECT_EQ(release.suffixes_for("x86_64"), &release.suffixes);
        EXPECT_EQ(release.suffixes_for("ppc64le"), nullptr);
        EXPECT_EQ(release.suffixes_for("aarch64") == nullptr, release.aarch64.empty());
    }
    EXPECT_EQ(matrix.url_of("cpu"), "https://download.pytorch.org/whl/cpu");
}

TEST(TorchMatrix, SuffixesThatToolsInventAreKnownAsNeverPublished) {
    const TorchMatrix matrix = TorchMatrix::load().value();
    for (const char* cuda :
         {"11.2", "11.4", "11.9", "12.0", "12.2", "12.3", "12.5", "12.7", "13.1", "13.3"}) {
        const CudaVersion version = CudaVersion::parse(cuda).value();
        const std::string_view suffix = matrix.never_published(version);
        EXPECT_FALSE(suffix.empty()) << cuda;
        EXPECT_EQ(matrix.index(suffix), nullptr) << cuda;
    }
}

TEST(TorchMatrix, MachineCodeIsToldPerReleaseAndIndex) {
    const TorchMatrix matrix = TorchMatrix::load().value();
    const GpuCode volta = GpuCode::parse("sm_70").value();
    const auto has_volta = [&](const char* torch, const char* suffix) {
        const TorchCode* code = matrix.code_of(Version::parse(torch).value(), suffix);
        return code != nullptr &&
               std::find(code->x86_64.begin(), code->x86_64.end(), volta) != code->x86_64.end();
    };
    EXPECT_FALSE(has_volta("2.7.1", "cu128"));
    EXPECT_TRUE(has_volta("2.8.0", "cu128"));
    EXPECT_TRUE(has_volta("2.10.0", "cu128"));
    EXPECT_FALSE(has_volta("2.11.0", "cu128"));
    EXPECT_TRUE(has_volta("2.14.0", "cu126"));
    EXPECT_EQ(matrix.code_of(Version::parse("1.11.0").value(), "cu115"), nullptr);
}

TEST(TorchMatrix, CompanionsComeFromTheTable) {
    const TorchMatrix matrix = TorchMatrix::load().value();
    const TorchFamily* family = matrix.family(Version::parse("2.13.0").value());
    ASSERT_NE(family, nullptr);
    EXPECT_EQ(family->torchvision, Version::parse("0.28.0").value());
    EXPECT_EQ(family->torchaudio, Version::parse("2.11.0").value());
    EXPECT_EQ(matrix.family(Version::parse("2.15.0").value())->torchvision, std::nullopt);
}

}  // namespace
}  // namespace envpack::cuda
