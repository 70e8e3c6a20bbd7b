#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/task_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace envpack::archive {

/// The contents of planned files, inflated ahead of their use by whoever serves a pool, in the
/// order of the plan. One thread.
class LayerFeed {
public:
    /// Files up to this size are loaded whole; larger ones are streamed by the caller.
    static constexpr std::uint64_t whole_size = std::uint64_t{16} << 20;

    LayerFeed(std::span<const PlannedEntry> entries, TaskPool& pool, const RunContext& run);
    ~LayerFeed();
    LayerFeed(const LayerFeed&) = delete;
    LayerFeed& operator=(const LayerFeed&) = delete;

    /// Whether take() serves entries[index].
    static bool serves(const PlannedEntry& entry) noexcept;
    /// The bytes of entries[index]; indexes come in ascending order, each that serves() says yes
    /// to once. The view holds until the next call.
    Result<std::span<const std::byte>> take(std::size_t index);

private:
    using Buffer = std::unique_ptr<std::byte[]>;
    struct Batch {
        std::size_t begin = 0;  ///< entries [begin, end)
        std::size_t end = 0;
        std::uint64_t size = 0;  ///< plain bytes
        Task<Result<std::vector<Buffer>>> loaded = {};
    };
    void start_batches();

    std::span<const PlannedEntry> entries_;
    TaskPool& pool_;
    const RunContext& run_;
    std::size_t started_ = 0;  ///< entries before this are in a batch, or behind us
    std::deque<Batch> batches_;
    std::uint64_t ahead_ = 0;  ///< plain bytes in `batches_`
    std::size_t begin_ = 0;    ///< of the batch in use
    std::size_t end_ = 0;
    std::vector<Buffer> buffers_;
};

}  // namespace envpack::archive
