#include "envpack/base/file.hpp"

#include "envpack/base/parallel.hpp"
#include "envpack/base/process.hpp"
#include "envpack/base/unnamed_file.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

namespace envpack {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
protected:
    std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(folder_.path())) {
            found.push_back(entry.path().filename().string());
        }
        std::sort(found.begin(), found.end());
        return found;
    }
    TemporaryDirectory folder_ = *TemporaryDirectory::create(testing::TempDir());
};

TEST_F(Files, AtomicFileAppearsOnlyWithItsCommit) {
    const fs::path target = folder_.path() / "out";
    {
        AtomicFile file = *AtomicFile::create(target);
        ASSERT_TRUE(file.write(as_bytes("half")));
        EXPECT_FALSE(fs::exists(target));
    }
    EXPECT_TRUE(names().empty());  // the destructor discards

    ASSERT_TRUE(write_file(target, "old"));
    AtomicFile file = *AtomicFile::create(target);
    ASSERT_TRUE(file.write(as_bytes("new")));
    EXPECT_EQ(read_file(target, 100), "old");
    ASSERT_TRUE(file.commit());
    EXPECT_EQ(read_file(target, 100), "new");
    EXPECT_EQ(names(), std::vector<std::string>{"out"});
}

TEST_F(Files, AnUnnamedFileIsSeenOnlyOncePublished) {
    const fs::path target = folder_.path() / "out";
    ASSERT_TRUE(write_file(target, "old"));
    const mode_t mask = ::umask(027);
    {
        const UnnamedFile file = *UnnamedFile::create(folder_.path());
        UnnamedFileSink sink(file, "out");
        const std::string text(20 << 20, 'n');  // beyond where the write-out begins
        ASSERT_TRUE(sink.write(as_bytes(text)));
        EXPECT_EQ(names(), std::vector<std::string>{"out"});
        if (!UnnamedFile::can_be_published_from(folder_.path())) {
            ::umask(mask);
            EXPECT_EQ(file.publish(target), false);
            GTEST_SKIP() << "no O_TMPFILE here";
        }
        EXPECT_EQ(file.publish(target), true);
        EXPECT_EQ(file.publish(folder_.path() / "again"), true);  // a second name
        EXPECT_EQ(read_file(target, text.size()), text);
    }
    ::umask(mask);
    struct stat info {};
    ASSERT_EQ(::stat(target.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0640U);
    EXPECT_EQ(names(), (std::vector<std::string>{"again", "out"}));
    EXPECT_EQ((*UnnamedFile::create(folder_.path())).publish("/nowhere/out"), false);
}

TEST_F(Files, ReadingTellsAbsentFromWrongKindFromTooLarge) {
    ASSERT_TRUE(write_file(folder_.path() / "five", "12345"));
    EXPECT_EQ(read_file(folder_.path() / "none", 10).error().code(), ErrorCode::not_found);
    EXPECT_EQ(read_file(folder_.path(), 10).error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(read_file(folder_.path() / "five", 4).error().code(), ErrorCode::limit_exceeded);
    EXPECT_EQ(read_file(folder_.path() / "five", 5), "12345");
}

TEST_F(Files, AFifoInThePlaceOfAFileDoesNotBlock) {
    const fs::path fifo = folder_.path() / "fifo";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_EQ(open_for_reading(fifo).error().code(), ErrorCode::invalid_argument);
}

TEST_F(Files, MappedFileShowsTheBytes) {
    ASSERT_TRUE(write_file(folder_.path() / "x", "bytes"));
    EXPECT_EQ(as_text((*MappedFile::open(folder_.path() / "x"))->bytes()), "bytes");
    ASSERT_TRUE(write_file(folder_.path() / "empty", ""));
    EXPECT_TRUE((*MappedFile::open(folder_.path() / "empty"))->bytes().empty());
}

TEST(AbsolutePath, NamesTheFolderWithoutASlash) {
    const fs::path here = fs::current_path();
    EXPECT_EQ(absolute_path("a/."), here / "a");
    EXPECT_EQ(absolute_path("a/"), here / "a");
    EXPECT_EQ(absolute_path("."), here);
    EXPECT_EQ(absolute_path("/x//y/../z"), fs::path("/x/z"));
    EXPECT_EQ(absolute_path("/"), fs::path("/"));
}

TEST_F(Files, TemporaryDirectoryGoesWithItsContent) {
    fs::path path;
    {
        const TemporaryDirectory inner = *TemporaryDirectory::create(folder_.path());
        path = inner.path();
        ASSERT_TRUE(write_file(path / "x", "y"));
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST(Parallel, ResultsKeepTheOrderOfTheItems) {
    const auto squares = parallel_map<std::size_t>(
        1000, [](std::size_t i) -> Result<std::size_t> { return i * i; }, {.max_parallel = 8});
    ASSERT_TRUE(squares);
    for (std::size_t i = 0; i < squares->size(); ++i) {
        ASSERT_EQ((*squares)[i], i * i);
    }
}

TEST(Parallel, AFailureStopsTheRestAndTheLowestIndexWins) {
    for (const unsigned threads : {1U, 8U}) {
        std::atomic<std::size_t> started{0};
        const auto result =
            parallel_for(100'000,
                         [&](std::size_t i) -> Result<void> {
                             ++started;
                             if (i == 10 || i == 11) {
                                 return fail(ErrorCode::not_found, std::to_string(i));
                             }
                             return {};
                         },
                         {.max_parallel = threads});
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().message(), "10");
        EXPECT_LT(started.load(), 100'000U);
    }
}

TEST(Parallel, AStopEndsTheWork) {
    std::stop_source stop;
    const auto result = parallel_for(100'000,
                                     [&](std::size_t) -> Result<void> {
                                         stop.request_stop();
                                         return {};
                                     },
                                     {.stop = stop.get_token(), .max_parallel = 2});
    EXPECT_EQ(result.error().code(), ErrorCode::cancelled);
}

TEST(Process, GivesBothStreamsAndTheExitStatus) {
    const auto output =
        run_process({.arguments = {"sh", "-c", "echo out; echo err >&2; exit 3"}}, RunContext());
    ASSERT_TRUE(output) << output.error().render();
    EXPECT_EQ(output->standard_output, "out\n");
    EXPECT_EQ(output->standard_error, "err\n");
    EXPECT_EQ(output->exit_status, 3);
}

TEST(Process, IsBoundedInTimeAndOutput) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(run_process({.arguments = {"sh", "-c", "sleep 60 & wait"}, .timeout_seconds = 0.2},
                          RunContext())
                  .error()
                  .code(),
              ErrorCode::limit_exceeded);
    EXPECT_EQ(run_process({.arguments = {"yes"}, .max_output = 1000}, RunContext()).error().code(),
              ErrorCode::limit_exceeded);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(20));
    EXPECT_EQ(run_process({.arguments = {"no-such-program-here"}}, RunContext()).error().code(),
              ErrorCode::not_found);
}

}  // namespace
}  // namespace envpack
