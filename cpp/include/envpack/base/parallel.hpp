#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/task_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace envpack {

/// Calls `work(0) … work(count - 1)` on up to run.max_parallel threads, or as many as the system
/// has, in ascending start order.
/// The error of the lowest failed index is returned; a failure or a stop starts no further item.
/// With one thread, or one item and no `idle`, everything runs on the calling thread.
///
/// A thread that finds no item left does tasks of `idle`, which others submit on the way, until
/// the last item has ended; then the pool is stopped.
Result<void> parallel_for(std::size_t count, const std::function<Result<void>(std::size_t)>& work,
                          const RunContext& run, TaskPool* idle = nullptr);

/// The indexes 0 … count - 1, those of the largest items first, equal ones in order. Begun in that
/// order, no item is still under way at the end because it began late.
std::vector<std::size_t> largest_first(std::size_t count,
                                       const std::function<std::uint64_t(std::size_t)>& size_of);

/// `work(i)` for every index of `order`, a permutation of 0 … n - 1, begun in that order; the
/// results in index order whatever the timing. Of several errors the one that comes first in
/// `order`.
template <class T>
Result<std::vector<T>> parallel_map(const std::vector<std::size_t>& order,
                                    const std::function<Result<T>(std::size_t)>& work,
                                    const RunContext& run, TaskPool* idle = nullptr) {
    std::vector<std::optional<T>> slots(order.size());
    ENVPACK_CHECK(parallel_for(
        order.size(),
        [&](std::size_t at) -> Result<void> {
            ENVPACK_TRY(T value, work(order[at]));
            slots[order[at]] = std::move(value);
            return {};
        },
        run, idle));
    std::vector<T> values;
    values.reserve(order.size());
    for (auto& slot : slots) {
        values.push_back(*std::move(slot));
    }
    return values;
}

/// `work(i)` for every index, the results in index order whatever the timing.
template <class T>
Result<std::vector<T>> parallel_map(std::size_t count,
                                    const std::function<Result<T>(std::size_t)>& work,
                                    const RunContext& run) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    return parallel_map(order, work, run);
}

}  // namespace envpack
