#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace envpack {

/// Calls `work(0) … work(count - 1)` on up to run.max_parallel threads, in ascending start order.
/// The error of the lowest failed index is returned; a failure or a stop starts no further item.
/// With one thread, or one item, everything runs on the calling thread.
Result<void> parallel_for(std::size_t count, const std::function<Result<void>(std::size_t)>& work,
                          const RunContext& run);

/// `work(i)` for every index, the results in index order whatever the timing.
template <class T>
Result<std::vector<T>> parallel_map(std::size_t count,
                                    const std::function<Result<T>(std::size_t)>& work,
                                    const RunContext& run) {
    std::vector<std::optional<T>> slots(count);
    ENVPACK_CHECK(parallel_for(
        count,
        [&](std::size_t index) -> Result<void> {
            ENVPACK_TRY(T value, work(index));
            slots[index] = std::move(value);
            return {};
        },
        run));
    std::vector<T> values;
    values.reserve(count);
    for (auto& slot : slots) {
        values.push_back(*std::move(slot));
    }
    return values;
}

}  // namespace envpack
