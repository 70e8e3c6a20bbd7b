#include "envpack/base/task_pool.hpp"

#include "envpack/base/parallel.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <optional>
#include <sys/resource.h>
#include <system_error>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace envpack {
namespace {

using namespace std::chrono_literals;

TEST(TaskPool, WhoTakesATaskThatNobodyBeganDoesIt) {
    TaskPool pool;
    Task<std::thread::id> task = pool.submit([] { return std::this_thread::get_id(); });
    EXPECT_FALSE(task.is_ready());
    EXPECT_EQ(pool.take(task), std::this_thread::get_id());
    EXPECT_EQ(pool.serving(), 0U);
}

TEST(TaskPool, ATaskThatWasDroppedIsNeverDone) {
    TaskPool pool;
    bool is_done = false;
    Task<void> dropped = pool.submit([&] { is_done = true; });
    pool.drop(dropped);
    Task<int> other = pool.submit([] { return 1; });
    EXPECT_EQ(pool.take(other), 1);
    EXPECT_FALSE(is_done);
}

TEST(TaskPool, DroppingWaitsForATaskUnderWay) {
    std::promise<void> begun;
    std::promise<void> go_on;
    std::atomic<bool> is_done = false;
    TaskPool pool(1);
    Task<void> task = pool.submit([&] {
        begun.set_value();
        go_on.get_future().wait();
        is_done = true;
    });
    begun.get_future().wait();
    go_on.set_value();
    pool.drop(task);
    EXPECT_TRUE(is_done);
}

TEST(TaskPool, WhoWaitsDoesTheTasksOfOthersMeanwhile) {
    std::promise<void> begun;
    std::promise<void> other_is_done;
    TaskPool pool(1);
    Task<bool> first = pool.submit([&] {
        begun.set_value();
        return other_is_done.get_future().wait_for(30s) == std::future_status::ready;
    });
    begun.get_future().wait();
    // The pool's only thread waits for this one.
    const Task<void> other = pool.submit([&] { other_is_done.set_value(); });
    EXPECT_TRUE(pool.take(first));
    EXPECT_TRUE(other.is_ready());
}

TEST(Parallel, AThreadWithoutAnItemDoesTasksOfOthers) {
    TaskPool pool;
    std::thread::id worker;  // either of the two
    std::optional<std::thread::id> helper;
    const auto result = parallel_for(
        1,
        [&](std::size_t) -> Result<void> {
            worker = std::this_thread::get_id();
            std::promise<std::thread::id> done;
            auto id = done.get_future();
            const Task<void> task =
                pool.submit([&] { done.set_value(std::this_thread::get_id()); });
            if (id.wait_for(30s) == std::future_status::ready) {
                helper = id.get();
            }
            return {};
        },
        {.max_parallel = 2}, &pool);
    ASSERT_TRUE(result);
    ASSERT_TRUE(helper);
    EXPECT_NE(*helper, worker);
    pool.serve();  // returns: the last item has ended
}

TEST(Parallel, NobodyIsLeftServingBehindAFailure) {
    for (const std::size_t items : {1U, 7U, 100U}) {
        TaskPool pool;
        const auto result = parallel_for(
            items,
            [&](std::size_t i) -> Result<void> {
                Task<std::size_t> task = pool.submit([i] { return i; });
                return pool.take(task) == items / 2 ? fail(ErrorCode::not_found, "half")
                                                    : Result<void>();
            },
            {.max_parallel = 4}, &pool);
        EXPECT_FALSE(result);
        EXPECT_EQ(pool.serving(), 0U);
    }
}

/// No thread can be made by this process any more: their stacks would need all addresses there are.
void leave_no_room() {
    pthread_attr_t attributes;
    ASSERT_EQ(::pthread_attr_init(&attributes), 0);
    ASSERT_EQ(::pthread_attr_setstacksize(&attributes, std::size_t{1} << 47), 0);
    ASSERT_EQ(::pthread_setattr_default_np(&attributes), 0);
    EXPECT_THROW(std::jthread([] {}), std::system_error);
}

TEST(Parallel, OneThreadIsEnoughWhereTheSystemHasNoMore) {
    const auto work_alone = [] {
        leave_no_room();
        TaskPool pool(3);
        std::size_t sum = 0;
        const auto result = parallel_for(
            100,
            [&](std::size_t i) -> Result<void> {
                Task<std::size_t> task = pool.submit([i] { return i; });
                sum += pool.take(task);
                return {};
            },
            {.max_parallel = 4}, &pool);
        ::_exit(result && sum == 4950 && pool.serving() == 0 ? 0 : 1);
    };
    GTEST_FLAG_SET(death_test_style, "fast");
    EXPECT_EXIT(work_alone(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace envpack
