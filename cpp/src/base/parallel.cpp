#include "envpack/base/parallel.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>

namespace envpack {
namespace {

/// The end of a thread's last item: behind the last of all nobody has a task for the pool.
class Leaving {
public:
    Leaving(std::atomic<std::size_t>& busy, TaskPool* idle) : busy_(busy), idle_(idle) {}
    ~Leaving() {
        if (--busy_ == 0 && idle_ != nullptr) {
            idle_->stop();
        }
    }
    Leaving(const Leaving&) = delete;
    Leaving& operator=(const Leaving&) = delete;

private:
    std::atomic<std::size_t>& busy_;
    TaskPool* idle_;
};

}  // namespace

Result<void> parallel_for(std::size_t count, const std::function<Result<void>(std::size_t)>& work,
                          const RunContext& run, TaskPool* idle) {
    const std::size_t most = std::max<unsigned>(1, run.max_parallel);
    const std::size_t threads = idle == nullptr ? std::min(count, most) : most;
    if (threads <= 1 || count == 0) {
        std::atomic<std::size_t> busy{1};
        const Leaving leaving(busy, idle);
        for (std::size_t index = 0; index < count; ++index) {
            ENVPACK_CHECK(run.check());
            ENVPACK_CHECK(work(index));
        }
        return {};
    }
    std::atomic<std::size_t> next{0};
    std::atomic<bool> failed{false};
    std::mutex mutex;
    std::optional<std::pair<std::size_t, Error>> first;
    const auto keep = [&](std::size_t index, Error error) {
        const std::lock_guard lock(mutex);
        if (!first || index < first->first) {
            first.emplace(index, std::move(error));
        }
        failed.store(true);
    };
    const auto do_items = [&] {
        while (!failed.load()) {
            const std::size_t index = next.fetch_add(1);
            if (index >= count) {
                return;
            }
            Result<void> result = run.check();
            if (result) {
                result = work(index);
            }
            if (!result) {
                keep(index, std::move(result).error());
            }
        }
    };
    std::atomic<std::size_t> busy{threads};
    const auto loop = [&] {
        {
            const Leaving leaving(busy, idle);
            do_items();
        }
        if (idle != nullptr) {
            idle->serve();
        }
    };
    {
        std::vector<std::jthread> pool;
        pool.reserve(threads - 1);
        try {
            while (pool.size() < threads - 1) {
                pool.emplace_back(loop);
            }
        } catch (const std::system_error&) {
            busy -= threads - 1 - pool.size();  // the system has no more; this one is enough
        }
        loop();
    }
    if (first) {
        return fail(std::move(first->second));
    }
    return {};
}

std::vector<std::size_t> largest_first(std::size_t count,
                                       const std::function<std::uint64_t(std::size_t)>& size_of) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, std::greater<>(), size_of);
    return order;
}

}  // namespace envpack
