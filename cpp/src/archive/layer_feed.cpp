#include "layer_feed.hpp"

#include "decoders.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

/// Small files become tasks by the megabyte: one at a time would cost more than it gives.
constexpr std::uint64_t batch_size = 1u << 20;
/// Plain bytes that wait for their use; a batch is begun below it.
constexpr std::uint64_t most_ahead = std::uint64_t{16} << 20;

using Buffer = std::unique_ptr<std::byte[]>;

Result<Buffer> load(const PlannedEntry& entry) {
    const auto size = static_cast<std::size_t>(entry.content.size());
    if (const Content::Deflated* deflated = entry.content.deflated()) {
        return inflate_whole(deflated->data, size, deflated->crc32);
    }
    ENVPACK_TRY(const std::unique_ptr<ByteSource> source, entry.content.open());
    Buffer bytes = std::make_unique_for_overwrite<std::byte[]>(size + 1);
    // One byte more than planned, so that the source sees its end and checks itself.
    ENVPACK_TRY(const std::size_t filled, read_full(*source, std::span(bytes.get(), size + 1)));
    if (filled != size) {
        return fail(ErrorCode::io_error,
                    fmt::format("content has {} bytes instead of {}", filled, size));
    }
    return bytes;
}

Result<std::vector<Buffer>> load_all(std::span<const PlannedEntry> entries, const RunContext& run) {
    std::vector<Buffer> buffers;
    buffers.reserve(entries.size());
    for (const PlannedEntry& entry : entries) {
        ENVPACK_CHECK(run.check());
        Buffer bytes;
        if (LayerFeed::serves(entry)) {
            ENVPACK_TRY(bytes, with_context(load(entry),
                                            fmt::format("while reading `{}`", entry.path.str())));
        }
        buffers.push_back(std::move(bytes));
    }
    return buffers;
}

}  // namespace

LayerFeed::LayerFeed(std::span<const PlannedEntry> entries, TaskPool& pool, const RunContext& run)
    : entries_(entries), pool_(pool), run_(run) {}

LayerFeed::~LayerFeed() {
    // Running tasks look at entries that the caller may let go.
    for (Batch& batch : batches_) {
        pool_.drop(batch.loaded);
    }
}

bool LayerFeed::serves(const PlannedEntry& entry) noexcept {
    return entry.type == FileType::regular && entry.content.size() > 0 &&
           entry.content.size() <= whole_size;
}

void LayerFeed::start_batches() {
    while (batches_.size() <= pool_.serving() && started_ < entries_.size() &&
           (batches_.empty() || ahead_ < most_ahead)) {
        Batch batch{.begin = started_, .end = started_};
        std::uint64_t size = 0;
        for (; batch.end < entries_.size(); ++batch.end) {
            const PlannedEntry& entry = entries_[batch.end];
            const std::uint64_t more = serves(entry) ? entry.content.size() : 0;
            if (size > 0 && size + more > batch_size) {
                break;
            }
            size += more;
        }
        started_ = batch.end;
        if (size == 0) {
            continue;  // nothing left to load
        }
        batch.size = size;
        ahead_ += size;
        batch.loaded =
            pool_.submit([entries = entries_.subspan(batch.begin, batch.end - batch.begin),
                          &run = run_] { return load_all(entries, run); });
        batches_.push_back(std::move(batch));
    }
}

Result<std::span<const std::byte>> LayerFeed::take(std::size_t index) {
    while (index >= end_) {
        buffers_.clear();
        start_batches();
        Batch batch = std::move(batches_.front());
        batches_.pop_front();
        ahead_ -= batch.size;
        start_batches();
        ENVPACK_TRY(buffers_, pool_.take(batch.loaded));
        begin_ = batch.begin;
        end_ = batch.end;
    }
    return std::span<const std::byte>(buffers_[index - begin_].get(),
                                      static_cast<std::size_t>(entries_[index].content.size()));
}

}  // namespace envpack::archive
