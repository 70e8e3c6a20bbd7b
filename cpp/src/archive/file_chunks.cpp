#include "file_chunks.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

/// Large enough to be worth a thread's waking up.
constexpr std::uint64_t chunk_size = std::uint64_t{512} << 10;

}  // namespace

Result<FileChunks> FileChunks::open(const PlannedEntry& entry, TaskPool& pool) {
    ENVPACK_TRY(std::unique_ptr<ByteSource> source, entry.content.open());
    auto reader = std::make_unique<Reader>(Reader{.source = std::move(source)});
    // Also for an empty file: reading it is what checks it.
    const auto size = static_cast<std::size_t>(std::min(chunk_size, entry.content.size() + 1));
    for (std::vector<std::byte>& buffer : reader->buffers) {
        buffer.resize(size);
    }
    FileChunks chunks(entry, pool, std::move(reader));
    chunks.start();
    return chunks;
}

FileChunks::FileChunks(const PlannedEntry& entry, TaskPool& pool, std::unique_ptr<Reader> reader)
    : entry_(&entry), pool_(&pool), reader_(std::move(reader)) {}

FileChunks::~FileChunks() {
    pool_->drop(filled_);  // it writes into a buffer of ours
}

void FileChunks::start() {
    filled_ = pool_->submit([reader = reader_.get(), buffer = filling_] {
        return read_full(*reader->source, reader->buffers[buffer]);
    });
}

Result<std::span<const std::byte>> FileChunks::next() {
    ENVPACK_TRY(const std::size_t size, pool_->take(filled_));
    const std::size_t full = std::exchange(filling_, 1 - filling_);
    read_ += size;
    if (size > 0 && read_ <= entry_->content.size()) {
        start();
        return std::span<const std::byte>(reader_->buffers[full]).first(size);
    }
    if (read_ != entry_->content.size()) {
        return fail(ErrorCode::io_error, fmt::format("content has {} bytes instead of {}", read_,
                                                     entry_->content.size()));
    }
    return std::span<const std::byte>();
}

}  // namespace envpack::archive
