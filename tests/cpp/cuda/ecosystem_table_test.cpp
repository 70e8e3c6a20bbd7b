#include "envpack/cuda/ecosystem_table.hpp"

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

using packaging::PackageName;

TEST(EcosystemTable, RivalsExcludeOneAnother) {
    const EcosystemTable& table = *EcosystemTable::load().value();
    const auto rivals = table.rivals(PackageName::parse("onnxruntime").value());
    ASSERT_EQ(rivals.size(), 2U);
    EXPECT_EQ(rivals[1].str(), "onnxruntime-gpu");
    EXPECT_TRUE(table.rivals(PackageName::parse("numpy").value()).empty());
}

TEST(EcosystemTable, NamesAreFoundWithTheSuffixOfABuild) {
    const EcosystemTable& table = *EcosystemTable::load().value();
    const std::pair<const char*, const char*> rows[] = {
        {"cudf", "RAPIDS"},        {"cudf-cu12", "RAPIDS"},
        {"cudf-cu99", ""},         {"cupy-cuda12x", "cupy"},
        {"cupy-rocm-5-0", ""},     {"jax", "jax"},
        {"jax-cuda12-plugin", ""}, {"onnxruntime-gpu", "onnxruntime-gpu"},
        {"onnxruntime", ""},       {"torch-scatter", "PyG"},
    };
    for (const auto& [text, family] : rows) {
        const EcosystemFamily* found = table.find(PackageName::parse(text).value());
        EXPECT_EQ(found == nullptr ? "" : found->name, family) << text;
    }
}

TEST(EcosystemTable, ReleasesAreSpecifiers) {
    EcosystemBuild build;
    EXPECT_TRUE(build.releases().empty());
    build.from = packaging::Version::parse("1.19").value();
    EXPECT_EQ(build.releases().to_string(), ">=1.19");
    build.below = packaging::Version::parse("1.27").value();
    EXPECT_EQ(build.releases().to_string(), "<1.27,>=1.19");
}

}  // namespace
}  // namespace envpack::cuda
