#include "envpack/archive/layer_writer.hpp"

#include "decoders.hpp"
#include "envpack/archive/tar_writer.hpp"
#include "file_chunks.hpp"
#include "layer_feed.hpp"
#include "task_pool.hpp"
#include "zstd_sink.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

constexpr std::uint64_t released_size = 64u << 10;  ///< letting smaller ones go costs too much
constexpr std::uint64_t report_step = std::uint64_t{4} << 20;
constexpr std::array<std::byte, tar_end_size> zeros{};

/// The tar of a layer on its way: hashed, then compressed as the options say. One thread.
class LayerStream {
public:
    LayerStream(const LayerWriteOptions& options, ByteSink& blob, std::shared_ptr<TaskPool> pool)
        : options_(options), blob_(&blob) {
        if (options.compression == Compression::gzip) {
            gzip_.emplace(blob_, options.gzip, std::move(pool));
            if (options.track_members) {
                gzip_->track(options.known);
            }
        } else if (options.compression == Compression::zstd) {
            zstd_ = zstd_sink(blob_);
        }
    }

    bool moves(const PlannedEntry& entry) const {
        return gzip_ && entry.content.deflated() != nullptr &&
               entry.content.size() >= options_.gzip.verbatim_threshold;
    }

    /// Begins a member: its header, and room for `content` more bytes in the same gzip member.
    Result<void> begin(std::string_view header, std::uint64_t content, bool begins_member) {
        if (gzip_) {
            ENVPACK_CHECK(gzip_->begin(header.size() + content, begins_member));
        }
        return write(as_bytes(header));
    }

    Result<void> write(std::span<const std::byte> data) {
        count(data);
        if (gzip_) {
            return gzip_->write(data);
        }
        return zstd_ ? zstd_->write(data) : blob_.write(data);
    }

    /// Bytes that go into the tar, but into the blob by another way: see move().
    void count(std::span<const std::byte> data) {
        tar_.update(data);
        tar_size_ += data.size();
    }

    Result<void> move(const PlannedEntry& entry) {
        return gzip_->verbatim(*entry.content.deflated(), entry.content.size());
    }

    Result<LayerBytes> finish() {
        ENVPACK_CHECK(begin({}, tar_end_size, false));
        ENVPACK_CHECK(write(zeros));
        if (gzip_) {
            ENVPACK_CHECK(gzip_->finish());
        } else if (zstd_) {
            ENVPACK_CHECK(zstd_->finish());
        }
        ENVPACK_CHECK(blob_.finish());
        LayerBytes bytes;
        bytes.diff_id = std::move(tar_).finish();
        bytes.size = blob_.count();
        bytes.digest = std::move(blob_).digest();
        bytes.tar_size = tar_size_;
        if (gzip_) {
            bytes.members = gzip_->members();
            bytes.packed = gzip_->packed();
        }
        return bytes;
    }

private:
    const LayerWriteOptions& options_;
    HashingSink blob_;
    std::optional<GzipMemberEncoder> gzip_;
    std::unique_ptr<ByteSink> zstd_;
    Sha256 tar_;
    std::uint64_t tar_size_ = 0;
};

/// One path in 64 begins a gzip member, whatever is in front of it: behind a file that changed its
/// size, members are soon what they were.
bool begins_member(const SafePath& path) {
    return crc32_of(as_bytes(path.str())) % 64 == 0;
}

Result<void> check_plan(std::span<const PlannedEntry> entries) {
    const SafePath* previous = nullptr;
    for (const PlannedEntry& entry : entries) {
        const bool in_order = previous == nullptr || *previous < entry.path;
        if (!in_order || entry.path.is_root() || entry.type == FileType::other) {
            return refuse("plan.order",
                          fmt::format("`{}` cannot follow `{}` in a layer", entry.path.str(),
                                      previous == nullptr ? "" : previous->str()),
                          ErrorCode::invalid_argument);
        }
        // A whiteout for those who unpack: such a file cannot be expressed (oci.md a.3).
        if (entry.path.name().starts_with(".wh.")) {
            return refuse("layer.whiteout-name",
                          fmt::format("`{}` would be read as a whiteout", entry.path.str()),
                          ErrorCode::unsupported);
        }
        previous = &entry.path;
    }
    return {};
}

/// Counts plain bytes, and reports them now and then.
class LayerProgress {
public:
    LayerProgress(std::span<const PlannedEntry> entries, std::string_view subject,
                  const RunContext& run)
        : subject_(subject), run_(run) {
        for (const PlannedEntry& entry : entries) {
            total_ += entry.content.size();
        }
        run_.report(subject_, 0, total_);
    }
    void advance(std::uint64_t bytes) {
        done_ += bytes;
        if (done_ - reported_ >= report_step || done_ == total_) {
            reported_ = done_;
            run_.report(subject_, done_, total_);
        }
    }

private:
    std::string_view subject_;
    const RunContext& run_;
    std::uint64_t total_ = 0;
    std::uint64_t done_ = 0;
    std::uint64_t reported_ = 0;
};

/// A file that LayerFeed does not serve, by chunks: a worker inflates and checks the next one while
/// this thread hashes the tar.
Result<void> stream_file(const PlannedEntry& entry, bool moved, TaskPool& pool, LayerStream& stream,
                         LayerProgress& progress, const RunContext& run) {
    ENVPACK_TRY(FileChunks chunks, FileChunks::open(entry, pool));
    for (;;) {
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(const std::span<const std::byte> data, chunks.next());
        if (data.empty()) {
            return {};
        }
        if (moved) {
            stream.count(data);
        } else {
            ENVPACK_CHECK(stream.write(data));
        }
        progress.advance(data.size());
    }
}

/// The pages that small files share with each other stay until here.
void release_archives(std::span<const PlannedEntry> entries) {
    const MappedFile* last = nullptr;
    for (const PlannedEntry& entry : entries) {
        const MappedFile* const archive = entry.content.archive();
        if (archive != nullptr && archive != last) {
            archive->release(archive->bytes());
            last = archive;
        }
    }
}

}  // namespace

std::string compressor_version(Compression compression) {
    switch (compression) {
        case Compression::gzip:
            return std::string(gzip_compressor());
        case Compression::zstd:
            return fmt::format("zstd {}", zstd_version());
        case Compression::none:
            break;
    }
    return {};
}

std::shared_ptr<TaskPool> layer_workers(unsigned threads) {
    return std::make_shared<TaskPool>(threads);
}

Result<LayerBytes> write_layer(std::span<const PlannedEntry> sorted_entries,
                               const LayerWriteOptions& options, ByteSink& blob,
                               const RunContext& run) {
    ENVPACK_CHECK(check_plan(sorted_entries));
    const auto pool =
        options.workers ? options.workers : layer_workers(std::max(run.max_parallel, 1U) - 1);
    LayerFeed feed(sorted_entries, *pool, run);
    LayerStream stream(options, blob, pool);
    LayerProgress progress(sorted_entries, options.subject, run);
    for (std::size_t i = 0; i < sorted_entries.size(); ++i) {
        ENVPACK_CHECK(run.check());
        const PlannedEntry& entry = sorted_entries[i];
        const bool is_file = entry.type == FileType::regular;
        const std::uint64_t size = is_file ? entry.content.size() : 0;
        const bool moved = is_file && stream.moves(entry);
        const std::string header = tar_header_bytes(
            {.path = entry.path,
             .type = entry.type,
             .mode = entry.mode,
             .uid = entry.owner ? entry.owner->uid : options.uid,
             .gid = entry.owner ? entry.owner->gid : options.gid,
             .mtime = options.mtime,
             .size = size,
             .link_target = entry.type == FileType::symlink ? entry.link_target : ""});
        const std::size_t padding = tar_padding(size);
        ENVPACK_CHECK(stream.begin(header, moved ? 0 : size + padding, begins_member(entry.path)));
        if (!is_file) {
            continue;
        }
        if (LayerFeed::serves(entry)) {
            ENVPACK_TRY(const std::span<const std::byte> data, feed.take(i));
            if (moved) {
                stream.count(data);
            } else {
                ENVPACK_CHECK(stream.write(data));
            }
            progress.advance(size);
        } else {
            ENVPACK_CHECK(with_context(stream_file(entry, moved, *pool, stream, progress, run),
                                       fmt::format("while reading `{}`", entry.path.str())));
        }
        if (moved) {
            ENVPACK_CHECK(stream.move(entry));
        } else if (size >= released_size) {
            entry.content.release();
        }
        ENVPACK_CHECK(stream.write(std::span(zeros).first(padding)));
    }
    ENVPACK_TRY(const LayerBytes bytes, stream.finish());
    release_archives(sorted_entries);
    return bytes;
}

}  // namespace envpack::archive
