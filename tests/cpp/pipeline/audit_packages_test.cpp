#include "envpack/pipeline/audit.hpp"
#include "support/fatbins.hpp"
#include "support/temp_folder.hpp"
#include "support/wheel_builder.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::pipeline {
namespace {

using fatbins::container;
using fatbins::sass;

/// Wheels that hold GPU code and nothing else.
class AuditPackagesTest : public testing::Test {
protected:
    std::string wheel(const std::string& name, const std::string& tag, unsigned target) {
        return test::WheelBuilder(name, "1.0", tag)
            .add(name + "/code.fatbin", container({sass(target)}))
            .write(scratch_.path())
            .string();
    }
    Result<AuditReport> audited(AuditOptions options) {
        options.gpus = {"H100"};
        return audit(options, UserConfig{.environment = {{"ENVPACK_CACHE_DIR",
                                                          (scratch_.path() / "cache").string()}}});
    }
    test::TempFolder scratch_;
};

TEST_F(AuditPackagesTest, EachWheelIsAPackage) {
    const AuditReport report =
        audited({.source = wheel("good", "cp311-cp311-manylinux_2_28_x86_64", 90),
                 .more_wheels = {wheel("bad", "py3-none-manylinux2014_x86_64", 80)}})
            .value();
    ASSERT_EQ(report.packages.size(), 2U);
    EXPECT_EQ(report.packages[0].name, "bad 1.0");
    EXPECT_FALSE(report.packages[0].verdicts[0].works());
    EXPECT_EQ(report.packages[1].name, "good 1.0");
    EXPECT_TRUE(report.packages[1].verdicts[0].works());
    ASSERT_EQ(report.findings.size(), 1U);
    EXPECT_EQ(report.findings[0].rule, "audit.no-code");
    EXPECT_EQ(report.findings[0].file, "opt/venv/lib/python3.11/site-packages/bad/code.fatbin");
    EXPECT_EQ(report.assumptions.size(), 2U);
}

TEST_F(AuditPackagesTest, TheTagsNameThePython) {
    const struct {
        const char* tag;
        const char* says;
    } rows[] = {
        {"cp39-abi3-manylinux_2_17_aarch64", "Python 3.9 on aarch64"},
        {"cp310-cp310-musllinux_1_2_x86_64", "Python 3.10 on x86_64"},
        {"cp313-cp313t-manylinux_2_28_x86_64", "Python 3.13 on x86_64"},
        {"py3-none-any", "Python 3.12 on x86_64"},
        {"cp311-cp311-linux_x86_64", "Python 3.11 on x86_64"},
    };
    for (const auto& row : rows) {
        const AuditReport report = audited({.source = wheel("demo", row.tag, 90)}).value();
        EXPECT_TRUE(report.ok()) << row.tag;
        EXPECT_TRUE(report.assumptions.at(0).starts_with(row.says)) << report.assumptions.at(0);
    }
}

TEST_F(AuditPackagesTest, WheelsForTwoPythonsAreRefused) {
    const auto report =
        audited({.source = wheel("one", "cp311-cp311-manylinux_2_28_x86_64", 90),
                 .more_wheels = {wheel("two", "cp312-cp312-manylinux_2_28_x86_64", 90)}});
    ASSERT_FALSE(report);
    EXPECT_EQ(report.error().code(), ErrorCode::unsupported);
}

}  // namespace
}  // namespace envpack::pipeline
