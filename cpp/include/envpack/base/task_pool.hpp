#pragma once

#include <atomic>
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

namespace envpack {

/// Work that was given to a TaskPool, and its result. One thread.
template <class Value>
class Task {
public:
    bool is_ready() const {
        return result_.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    }

private:
    friend class TaskPool;
    // std::function wants copies; a packaged task has none.
    std::shared_ptr<std::packaged_task<Value()>> work_;
    std::future<Value> result_;
};

/// Tasks for threads that have nothing else to do: a pool's own, and those that serve() at the
/// time. They are begun in the order given. Who needs a result that nobody is at works for it
/// himself, so that no thread has to be there. Thread-safe.
class TaskPool {
public:
    /// With so many threads of its own, or as many as the system has.
    explicit TaskPool(unsigned threads = 0);
    /// Drops tasks that have not begun and waits for the pool's own threads.
    ~TaskPool();
    TaskPool(const TaskPool&) = delete;
    TaskPool& operator=(const TaskPool&) = delete;

    template <class Work>
    Task<std::invoke_result_t<Work>> submit(Work work) {
        Task<std::invoke_result_t<Work>> task;
        task.work_ =
            std::make_shared<std::packaged_task<std::invoke_result_t<Work>()>>(std::move(work));
        task.result_ = task.work_->get_future();
        add({.identity = task.work_.get(), .run = [work = task.work_] { (*work)(); }});
        return task;
    }
    /// The result, once. A task that has not begun is done by the caller, who does others while it
    /// is under way.
    template <class Value>
    Value take(Task<Value>& task) {
        if (withdraw(task.work_.get())) {
            (*task.work_)();
        }
        while (!task.is_ready() && run_one()) {
        }
        return task.result_.get();
    }
    /// Sees to it that the task is not under way, now or later.
    template <class Value>
    void drop(Task<Value>& task) {
        if (task.result_.valid() && !withdraw(task.work_.get())) {
            task.result_.wait();
        }
        task = {};
    }

    /// Does tasks on the calling thread until stop().
    void serve();
    /// Every serve() returns, those that are called later too.
    void stop();
    /// Threads that serve.
    unsigned serving() const noexcept { return serving_.load(); }

private:
    struct Queued {
        const void* identity = nullptr;
        std::function<void()> run = {};
    };
    void add(Queued task);
    bool withdraw(const void* identity);  ///< false: it was begun
    bool run_one();                       ///< false: none waits

    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Queued> tasks_;
    bool is_stopping_ = false;
    std::atomic<unsigned> serving_;
    std::vector<std::jthread> threads_;  ///< last: they use the rest
};

}  // namespace envpack
