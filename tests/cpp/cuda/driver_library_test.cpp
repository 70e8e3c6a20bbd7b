#include "envpack/cuda/driver_library.hpp"

#include "support/fake_driver.hpp"

#include <future>
#include <stop_token>
#include <string>

#include <gtest/gtest.h>

namespace envpack::cuda {
namespace {

using test::FakeDriver;
using test::FakeGpu;

class DriverLibraryTest : public testing::Test {
protected:
    DriverLibraryTest() { FakeDriver::current() = {}; }
    FakeDriver& driver = FakeDriver::current();
    DriverLibraryFacts ask() { return ask_driver_libraries(FakeDriver::loader(), 30, {}).value(); }
};

TEST_F(DriverLibraryTest, BothLibrariesAreAskedAndNvmlIsShutDown) {
    driver.gpus.push_back(
        {.name = "NVIDIA A100", .uuid = "GPU-2", .major = 8, .is_mig = true, .mig_devices = 3});
    const DriverLibraryFacts facts = ask();
    ASSERT_TRUE(facts.nvml);
    EXPECT_EQ(facts.nvml->failure, 0);
    EXPECT_EQ(facts.nvml->driver, "550.54.14");
    EXPECT_EQ(facts.nvml->cuda->to_string(), "12.4");
    ASSERT_EQ(facts.nvml->gpus.size(), 2U);
    EXPECT_EQ(facts.nvml->gpus[0].name, "NVIDIA H100 80GB HBM3");
    EXPECT_EQ(facts.nvml->gpus[0].capability->to_string(), "9.0");
    EXPECT_EQ(facts.nvml->gpus[0].memory, 85'000'000'000U);
    EXPECT_EQ(facts.nvml->gpus[0].mig_devices, std::nullopt);
    EXPECT_EQ(facts.nvml->gpus[1].mig_devices, 3U);
    EXPECT_EQ(facts.cuda->cuda->to_string(), "12.4");
    EXPECT_EQ(driver.running, 0);
}

TEST_F(DriverLibraryTest, AFailureIsToldInNvmlsWords) {
    driver.failure = NvmlFacts::version_mismatch;
    const DriverLibraryFacts facts = ask();
    EXPECT_EQ(facts.nvml->failure, 18);
    EXPECT_EQ(facts.nvml->reason, "Driver/library version mismatch");
    EXPECT_TRUE(facts.nvml->gpus.empty());
}

TEST_F(DriverLibraryTest, AGpuThatCannotBeAskedIsLostAndTheOthersAreNot) {
    driver.gpus.insert(driver.gpus.begin(), FakeGpu{.failure = 15});
    const DriverLibraryFacts facts = ask();
    EXPECT_EQ(facts.nvml->lost, std::vector<std::string>{"GPU 0: Unknown Error"});
    EXPECT_EQ(facts.nvml->gpus.size(), 1U);
}

TEST_F(DriverLibraryTest, TextsOfALibraryAreMadePrintable) {
    driver.gpus[0].name = "H100\x1b[31m";
    EXPECT_EQ(ask().nvml->gpus[0].name, "H100\\x1b[31m");
    driver.gpus[0].name = std::string(500, 'x');
    EXPECT_EQ(ask().nvml->gpus[0].name.size(), 95U);
}

TEST_F(DriverLibraryTest, WhatIsMissingIsTold) {
    driver.has_nvml = driver.has_cuda = false;
    const DriverLibraryFacts facts = ask();
    EXPECT_FALSE(facts.nvml);
    EXPECT_EQ(facts.no_nvml, "libnvidia-ml.so.1: cannot open shared object file");
    EXPECT_FALSE(facts.cuda);
    EXPECT_FALSE(facts.no_cuda.empty());
}

TEST_F(DriverLibraryTest, AnOldLibraryWithoutTheFunctionsIsNoCrash) {
    const LibraryLoader empty = [](const std::string& name) -> Result<LoadedLibrary> {
        return LoadedLibrary{.path = name,
                             .function = [](const char*) -> void* { return nullptr; }};
    };
    const DriverLibraryFacts facts = ask_driver_libraries(empty, 30, {}).value();
    EXPECT_NE(facts.nvml->failure, 0);
    EXPECT_FALSE(facts.cuda->cuda);
}

/// A library that is not loaded before the test lets it.
struct Stuck {
    std::promise<void> release;
    std::shared_future<void> released = release.get_future().share();
    LibraryLoader loader() {
        return [until = released](const std::string&) -> Result<LoadedLibrary> {
            until.wait();
            return fail(ErrorCode::not_found, "late");
        };
    }
};

TEST(DriverLibrary, ADriverThatHangsIsLeftBehind) {
    Stuck stuck;
    const auto facts = ask_driver_libraries(stuck.loader(), 0.01, {});
    EXPECT_EQ(facts.error().code(), ErrorCode::limit_exceeded);
    EXPECT_EQ(facts.error().rule(), "cuda.driver-hangs");
    stuck.release.set_value();
}

TEST(DriverLibrary, WaitingCanBeStopped) {
    Stuck stuck;
    std::stop_source stop;
    stop.request_stop();
    const auto facts = ask_driver_libraries(stuck.loader(), 600, {.stop = stop.get_token()});
    EXPECT_EQ(facts.error().code(), ErrorCode::cancelled);
    stuck.release.set_value();
}

TEST(DriverLibrary, TheLoaderOfTheSystemTellsWhereALibraryIs) {
    const auto library = host_libraries()("libc.so.6");
    ASSERT_TRUE(library) << library.error().message();
    EXPECT_EQ(library->path.front(), '/');
    EXPECT_NE(library->function("getpid"), nullptr);
    EXPECT_EQ(library->function("no_such_function"), nullptr);
    const auto none = host_libraries()("libno-such-library.so.1");
    EXPECT_EQ(none.error().code(), ErrorCode::not_found);
    EXPECT_NE(none.error().message().find("libno-such-library.so.1"), std::string::npos);
}

}  // namespace
}  // namespace envpack::cuda
