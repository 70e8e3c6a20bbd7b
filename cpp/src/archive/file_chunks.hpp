#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/task_pool.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace envpack::archive {

/// The content of one planned file by chunks, each read by whoever has time while the caller
/// uses the one before. One thread.
class FileChunks {
public:
    static Result<FileChunks> open(const PlannedEntry& entry, TaskPool& pool);
    FileChunks(FileChunks&&) = default;
    FileChunks& operator=(FileChunks&&) = delete;
    ~FileChunks();

    /// The next bytes, good until the next call; none at the end. io_error, before the end is told,
    /// when the content is not as long as planned.
    Result<std::span<const std::byte>> next();

private:
    /// What a worker uses: it stays where it is.
    struct Reader {
        std::unique_ptr<ByteSource> source;
        std::array<std::vector<std::byte>, 2> buffers = {};
    };

    FileChunks(const PlannedEntry& entry, TaskPool& pool, std::unique_ptr<Reader> reader);
    void start();

    const PlannedEntry* entry_;
    TaskPool* pool_;
    std::unique_ptr<Reader> reader_;
    std::size_t filling_ = 0;  ///< the buffer that is being filled
    std::uint64_t read_ = 0;
    Task<Result<std::size_t>> filled_ = {};
};

}  // namespace envpack::archive
