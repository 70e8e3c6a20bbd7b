#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace envpack::archive {

/// Worker threads that take tasks in the order given. Without threads, submit() runs the task.
/// The destructor drops tasks that have not begun and waits for the others. Thread-safe.
class TaskPool {
public:
    explicit TaskPool(unsigned threads);
    ~TaskPool();
    TaskPool(const TaskPool&) = delete;
    TaskPool& operator=(const TaskPool&) = delete;

    template <class Work>
    std::future<std::invoke_result_t<Work>> submit(Work work) {
        using Value = std::invoke_result_t<Work>;
        // std::function wants copies; a packaged task has none.
        auto task = std::make_shared<std::packaged_task<Value()>>(std::move(work));
        std::future<Value> future = task->get_future();
        run([task] { (*task)(); });
        return future;
    }
    /// What a future of submit() gives. Until it is there, the caller does tasks that wait.
    template <class Value>
    Value take(std::future<Value>& future) {
        while (future.wait_for(std::chrono::seconds(0)) != std::future_status::ready && run_one()) {
        }
        return future.get();
    }
    unsigned threads() const noexcept { return static_cast<unsigned>(threads_.size()); }

private:
    void run(std::function<void()> task);
    bool run_one();  ///< false: none waits
    void serve();

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> tasks_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace envpack::archive
