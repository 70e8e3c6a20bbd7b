#include "envpack/base/task_pool.hpp"

#include <algorithm>
#include <system_error>

namespace envpack {

TaskPool::TaskPool(unsigned threads) : serving_(0) {
    threads_.reserve(threads);
    try {
        for (unsigned i = 0; i < threads; ++i) {
            threads_.emplace_back([this] { serve(); });
        }
    } catch (const std::system_error&) {
        return;  // the system has no more of them; nobody depends on one
    }
}

TaskPool::~TaskPool() {
    stop();
}

void TaskPool::add(Queued task) {
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
}

bool TaskPool::withdraw(const void* identity) {
    const std::lock_guard lock(mutex_);
    const auto task = std::ranges::find(tasks_, identity, &Queued::identity);
    if (task == tasks_.end()) {
        return false;
    }
    tasks_.erase(task);
    return true;
}

bool TaskPool::run_one() {
    Queued task;
    {
        const std::lock_guard lock(mutex_);
        if (tasks_.empty()) {
            return false;
        }
        task = std::move(tasks_.front());
        tasks_.pop_front();
    }
    task.run();
    return true;
}

void TaskPool::serve() {
    ++serving_;
    std::unique_lock lock(mutex_);
    for (;;) {
        wake_.wait(lock, [this] { return is_stopping_ || !tasks_.empty(); });
        if (is_stopping_) {
            break;
        }
        const Queued task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task.run();
        lock.lock();
    }
    --serving_;
}

void TaskPool::stop() {
    {
        const std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    wake_.notify_all();
}

}  // namespace envpack
