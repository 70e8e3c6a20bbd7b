#include "envpack/cuda/driver_table.hpp"

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

using Kind = DriverAnswer::Kind;

CudaVersion cuda(const char* text) {
    return CudaVersion::parse(text).value();
}
DriverVersion driver(const char* text) {
    return DriverVersion::parse(text).value();
}

TEST(DriverTable, EveryBranchRunsItsCudaInFullAndTheNextMinorReduced) {
    const DriverTable table = DriverTable::load().value();
    for (const DriverTable::Branch& branch : table.branches()) {
        EXPECT_EQ(table.reach(branch.driver), branch.cuda) << branch.cuda.to_string();
        EXPECT_EQ(table.full_driver(branch.cuda), branch.driver);
        const DriverAnswer same = table.answer(branch.driver, branch.cuda);
        EXPECT_EQ(same.kind, Kind::yes);
        EXPECT_EQ(same.is_verified, branch.is_verified);
        CudaVersion next = branch.cuda;
        ++next.minor;
        const DriverAnswer reduced = table.answer(branch.driver, next);
        // 11.0 has a floor of its own, below that of 11.1: branch 450 told alone is its newest.
        EXPECT_EQ(reduced.kind, Kind::reduced) << branch.cuda.to_string();
    }
}

TEST(DriverTable, EveryFloorIsTheSmallestDriverThatStarts) {
    const DriverTable table = DriverTable::load().value();
    for (const DriverTable::Floor& floor : table.floors()) {
        EXPECT_EQ(table.floor(floor.cuda), floor.driver);
        EXPECT_NE(table.answer(floor.driver, floor.cuda).kind, Kind::no);
        DriverVersion below = floor.driver;
        --below.branch;
        EXPECT_EQ(table.answer(below, floor.cuda).kind, Kind::no);
        EXPECT_EQ(table.answer(below, floor.cuda).needs, floor.driver);
    }
}

TEST(DriverTable, AnswersHaveThreeValues) {
    const DriverTable table = DriverTable::load().value();
    const struct {
        const char* driver;
        const char* cuda;
        Kind kind;
        const char* needs;
    } rows[] = {
        {"550.54.14", "12.4.1", Kind::yes, nullptr},  {"550.54.14", "11.8", Kind::yes, nullptr},
        {"550.54.14", "12.6", Kind::reduced, "560"},  {"550.54.14", "13.0", Kind::no, "580"},
        {"525.60.11", "12.0", Kind::no, "525.60.13"}, {"525.60.11", "12.1", Kind::no, "525.60.13"},
        {"470.256.02", "11.8", Kind::reduced, "520"}, {"450.36.06", "11.1", Kind::no, "450.80.02"},
        {"440.33", "10.2", Kind::yes, nullptr},       {"440.32", "10.2", Kind::no, "440.33"},
        {"700", "13.0", Kind::yes, nullptr},          {"615", "13.9", Kind::reduced, nullptr},
        {"615", "14.0", Kind::no, nullptr},
    };
    for (const auto& row : rows) {
        const DriverAnswer answer = table.answer(driver(row.driver), cuda(row.cuda));
        EXPECT_EQ(answer.kind, row.kind) << row.driver << " " << row.cuda;
        EXPECT_EQ(answer.needs,
                  row.needs == nullptr ? std::nullopt : std::optional(driver(row.needs)))
            << row.driver << " " << row.cuda;
    }
}

TEST(DriverTable, PtxNeedsTheCudaOfItsIsa) {
    const DriverTable table = DriverTable::load().value();
    EXPECT_EQ(table.ptx_needs(cuda("12.5")), cuda("12.5"));
    EXPECT_EQ(table.ptx_needs(cuda("12.6")), cuda("12.5"));  // no ISA of its own
    EXPECT_EQ(table.ptx_needs(cuda("13.0.2")), cuda("13.0"));
    EXPECT_EQ(table.ptx_needs(cuda("8.0")), cuda("8.0"));  // before the table
}

TEST(DriverTable, ADriverOlderThanTheTableReachesNothing) {
    const DriverTable table = DriverTable::load().value();
    EXPECT_EQ(table.reach(driver("390")), std::nullopt);
    EXPECT_EQ(table.answer(driver("390"), cuda("11.0")).kind, Kind::no);
}

}  // namespace
}  // namespace envpack::cuda
