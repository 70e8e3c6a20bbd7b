#include "envpack/cuda/code_verdict.hpp"

#include "support/fatbins.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

using fatbins::container;
using fatbins::ptx;
using fatbins::sass;

class CodeVerdictTest : public testing::Test {
protected:
    CodeVerdict verdict(const std::string& bytes, const char* gpu,
                        const char* driver = nullptr) const {
        return verdict_of(
            read_file_code(ByteRegion(bytes)).value(), gpus.find(gpu).value(),
            driver == nullptr ? std::nullopt : std::optional(DriverVersion::parse(driver).value()),
            gpus, drivers);
    }
    std::string answer(const std::string& bytes, const char* gpu,
                       const char* driver = nullptr) const {
        return std::string(to_string(verdict(bytes, gpu, driver).answer()));
    }
    const GpuTable gpus = GpuTable::load().value();
    const DriverTable drivers = DriverTable::load().value();
};

/// facts: what runs where, and which driver compiles which PTX.
TEST_F(CodeVerdictTest, RulesOfGpuCode) {
    struct Row {
        std::vector<fatbins::Entry> entries;
        const char* gpu;
        const char* driver;
        const char* answer;
    };
    const std::vector<Row> rows = {
        {{sass(90)}, "H100", "550", "native"},
        {{sass(90)}, "A100", "550", "none"},
        {{sass(80)}, "L4", "550", "native"},  // same major, higher minor
        {{sass(86)}, "RTX 4090", "550", "native"},
        {{sass(86)}, "A100", "550", "none"},
        {{sass(80)}, "H100", "550", "none"},
        {{sass(90, fatbins::a)}, "H200", "550", "native"},
        {{sass(100, fatbins::a)}, "B300", "580", "none"},
        {{sass(100, fatbins::f)}, "B300", "580", "native"},
        {{sass(100)}, "GB300", "580", "native"},
        {{sass(120, fatbins::f)}, "GB10", "580", "native"},
        {{sass(100)}, "RTX 5090", "580", "none"},
        {{sass(80)}, "Jetson AGX Orin", "580", "none"},  // Tegra has machine code of its own
        {{ptx(80, 8, 4)}, "H100", "550", "ptx"},         // PTX 8.4 is CUDA 12.4 is branch 550
        {{ptx(80, 8, 5)}, "H100", "550", "driver-too-old"},
        {{ptx(80, 8, 5)}, "H100", "555", "ptx"},
        {{ptx(80, 8, 7)}, "H100", "570", "ptx"},
        {{ptx(80, 9, 0)}, "H100", "575", "driver-too-old"},
        {{ptx(80, 9, 0)}, "H100", nullptr, "ptx"},  // the driver is not known
        {{ptx(80, 77, 0)}, "H100", "615", "driver-too-old"},
        {{ptx(100, 9, 0)}, "H100", "580", "none"},
        {{ptx(90, 8, 0, fatbins::a)}, "B200", "580", "none"},
        {{ptx(90, 8, 0, fatbins::a)}, "H100", "580", "ptx"},
        {{ptx(100, 9, 0, fatbins::f)}, "B300", "580", "ptx"},
        {{ptx(100, 9, 0, fatbins::f)}, "RTX 5090", "580", "none"},
        {{sass(80), ptx(90, 9, 0)}, "H100", "550", "driver-too-old"},
        {{sass(90), ptx(90, 9, 0)}, "H100", "550", "native"},  // PTX is not looked at
        {{ptx(80, 8, 0), ptx(90, 9, 0)}, "H100", "550", "ptx"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(answer(container(row.entries), row.gpu, row.driver), row.answer)
            << (&row - rows.data());
    }
}

TEST_F(CodeVerdictTest, TheCudaThatPtxNeedsIsTold) {
    const auto one = verdict(container({ptx(80, 8, 5)}), "H100", "550");
    EXPECT_EQ(one.needs.value().to_string(), "12.5");
    EXPECT_EQ(one.driver_too_old, 1U);
    EXPECT_FALSE(one.works());
    EXPECT_FALSE(verdict(container({sass(90)}), "H100", "550").needs);
}

std::string times(std::size_t count, const std::string& one) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
        text += one;
    }
    return text;
}

/// A bare union of architectures lies: cuDNN has two containers for V100 among 4,161.
TEST_F(CodeVerdictTest, FewContainersAreNotEnough) {
    const std::string many = times(662, container({sass(80)}));
    EXPECT_EQ(answer(many + times(2, container({sass(70)})), "V100"), "none");
    EXPECT_EQ(answer(many + times(200, container({sass(70)})), "V100"), "partial");
    EXPECT_EQ(answer(many + times(400, container({sass(70)})), "V100"), "native");
    EXPECT_EQ(answer(many + times(700, container({ptx(70, 8, 0)})), "V100"), "ptx");
}

/// Kernels for one architecture alone are no fault: what counts is the best that the file does.
TEST_F(CodeVerdictTest, KernelsOfOtherArchitecturesAreNoFault) {
    const std::string text =
        times(10, container({sass(80), sass(90)})) + times(8, container({sass(90, fatbins::a)}));
    EXPECT_EQ(answer(text, "A100"), "native");
    EXPECT_EQ(verdict(text, "A100").none, 8U);
    EXPECT_EQ(verdict(text, "A100").best, 18U);
}

TEST_F(CodeVerdictTest, LtoIrAloneIsNoVerdict) {
    fatbins::Entry lto = sass(90);
    lto.kind = 8;
    EXPECT_EQ(answer(container({lto}), "A100"), "no-code");
    EXPECT_EQ(verdict(container({lto}), "A100").lto_ir, 1U);
    EXPECT_EQ(answer("", "A100"), "no-code");
}

}  // namespace
}  // namespace envpack::cuda
