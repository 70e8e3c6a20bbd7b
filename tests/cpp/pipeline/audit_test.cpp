#include "envpack/pipeline/audit.hpp"

#include "envpack/base/file.hpp"
#include "support/fatbins.hpp"
#include "support/temp_folder.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::pipeline {
namespace {

using fatbins::container;
using fatbins::ptx;
using fatbins::sass;

class AuditTest : public testing::Test {
protected:
    AuditReport audited(const std::string& bytes, std::vector<std::string> gpus,
                        const std::string& driver = {}) {
        const std::filesystem::path root = scratch_ / "root";
        EXPECT_TRUE(ensure_directory(root));
        EXPECT_TRUE(write_file(root / "code.fatbin", bytes));
        return audit({.source = "dir:" + root.string(), .gpus = std::move(gpus), .driver = driver},
                     {})
            .value();
    }
    std::vector<std::string> rules(const AuditReport& report) {
        std::vector<std::string> all;
        for (const AuditFinding& finding : report.findings) {
            all.push_back(finding.rule);
        }
        return all;
    }
    test::TempFolder scratch_;
};

TEST_F(AuditTest, WhatRunsHasNothingToBeSaid) {
    const AuditReport report = audited(container({sass(90)}), {"H100"}, "550");
    EXPECT_TRUE(report.ok());
    EXPECT_TRUE(report.findings.empty());
    ASSERT_EQ(report.packages.size(), 1U);
    EXPECT_EQ(report.packages[0].file, "code.fatbin");
}

TEST_F(AuditTest, EachGpuIsAQuestionOfItsOwn) {
    const AuditReport report =
        audited(container({sass(80), ptx(90, 8, 4)}), {"A100,H100", "V100"}, "550");
    EXPECT_FALSE(report.ok());
    EXPECT_EQ(rules(report), (std::vector<std::string>{"audit.no-code", "audit.ptx"}));
    EXPECT_EQ(report.findings[0].text, "has no code for V100 (7.0): it has sm_80, compute_90");
    EXPECT_NE(report.findings[0].fix.find("code=sm_70"), std::string::npos);
}

TEST_F(AuditTest, ADriverThatCannotCompileIsToldWithOneThatCan) {
    const AuditReport report = audited(container({ptx(80, 8, 7)}), {"H100"}, "550");
    EXPECT_EQ(rules(report), std::vector<std::string>{"audit.ptx-driver"});
    EXPECT_NE(report.findings[0].fix.find("driver 570"), std::string::npos);
    EXPECT_TRUE(audited(container({ptx(80, 8, 7)}), {"H100"}, "570").ok());
    EXPECT_TRUE(audited(container({ptx(80, 8, 7)}), {"H100"}).ok());
}

TEST_F(AuditTest, AnUnknownGpuIsRefused) {
    const auto report = audit({.source = "dir:/", .gpus = {"H9000"}}, {});
    EXPECT_EQ(report.error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace envpack::pipeline
