#include "envpack/archive/layer_writer.hpp"

#include "decoders.hpp"
#include "envpack/archive/estargz.hpp"
#include "envpack/archive/tar_writer.hpp"
#include "envpack/base/assert.hpp"
#include "envpack/base/nested_sha256.hpp"
#include "envpack/base/task_pool.hpp"
#include "estargz_toc.hpp"
#include "file_chunks.hpp"
#include "layer_feed.hpp"
#include "zstd_sink.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
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

/// One path in 64 begins a gzip member, whatever is in front of it: behind a file that changed its
/// size, members are soon what they were.
bool begins_member(const SafePath& path) {
    return crc32_of(as_bytes(path.str())) % 64 == 0;
}

bool is_promised(const PlannedEntry& entry) {
    return entry.type == FileType::regular && entry.sha256.has_value();
}

/// Fails with digest_mismatch, rule `record.hash-mismatch`, unless `actual` is what the entry
/// promises.
Result<void> check_promise(const PlannedEntry& entry, const Digest& actual) {
    if (*entry.sha256 == actual) {
        return {};
    }
    return fail(Error(ErrorCode::digest_mismatch,
                      fmt::format("`{}` does not match its RECORD: it has {}, not {}",
                                  entry.path.str(), actual.to_string(), entry.sha256->to_string()))
                    .with_rule("record.hash-mismatch")
                    .with_path(entry.path.str()));
}

/// What becomes of the tar: counted, hashed beside it, and passed on.
class BlobSink final : public ByteSink {
public:
    BlobSink(ByteSink& next, NestedSha256& hash) : next_(next), hash_(hash) {}
    Result<void> write(std::span<const std::byte> data) override {
        size_ += data.size();
        hash_.update_beside(data);
        return next_.write(data);
    }
    Result<void> finish() override { return next_.finish(); }
    std::uint64_t count() const noexcept { return size_; }

private:
    ByteSink& next_;
    NestedSha256& hash_;
    std::uint64_t size_ = 0;
};

/// The tar of a layer on its way: hashed, its files checked, then compressed as the options say.
/// One thread.
class LayerStream {
public:
    LayerStream(const LayerWriteOptions& options, ByteSink& blob, std::shared_ptr<TaskPool> pool)
        : options_(options), blob_(blob, hash_) {
        if (options.compression == Compression::gzip) {
            gzip_.emplace(blob_, options.gzip, std::move(pool));
            if (options.track_members) {
                gzip_->track(options.known);
            }
            if (options.estargz) {
                toc_.emplace();
            }
        } else if (options.compression == Compression::zstd) {
            zstd_ = zstd_sink(blob_);
        }
    }

    bool moves(const PlannedEntry& entry) const {
        const std::uint64_t size = entry.content.size();
        return gzip_ && entry.content.deflated() != nullptr && size > 0 &&
               (toc_ || size >= options_.gzip.verbatim_threshold);
    }

    /// Begins an entry: its header, and where its content comes into the gzip member with it. That
    /// of a `moved` one is only shown to content(), and written by end().
    Result<void> begin(const TarHeader& header, const PlannedEntry& entry, bool moved) {
        const std::string text = tar_header_bytes(header);
        const std::uint64_t with_it = moved || toc_ ? 0 : header.size + tar_padding(header.size);
        ENVPACK_CHECK(make_room(text.size() + with_it, begins_member(entry.path)));
        ENVPACK_CHECK(write(as_bytes(text)));
        if (toc_) {
            toc_->add(header);
            if (header.size > 0) {
                ENVPACK_TRY(const std::uint64_t member, gzip_->next_member());
                toc_->begin_content(member, entry.sha256,
                                    moved ? SIZE_MAX : options_.gzip.member_size);
            }
        }
        if (moved) {
            moved_ = &entry.content;
            seen_ = 0;
            ENVPACK_CHECK(gzip_->begin_verbatim(*moved_->deflated(), moved_->size()));
        }
        if (is_promised(entry)) {
            hash_.begin_part();
        }
        return {};
    }

    /// A part of the content.
    Result<void> content(std::span<const std::byte> data, bool moved) {
        if (toc_) {
            toc_->content(data);
        }
        if (!moved) {
            return write(data);
        }
        count(data);
        ENVPACK_CHECK(move_on(data.size()));
        hash_.settle();
        return {};
    }

    /// Behind the content of a file, all of which was seen. digest_mismatch, rule
    /// `record.hash-mismatch`, when it is not what PlannedEntry::sha256 says.
    Result<void> end(const PlannedEntry& entry, bool moved) {
        if (is_promised(entry)) {
            ENVPACK_CHECK(check_promise(entry, hash_.finish_part()));
        }
        if (moved) {
            ENVPACK_CHECK(gzip_->end_verbatim());
        }
        if (toc_ && entry.content.size() > 0) {
            toc_->end_content();
        }
        return write(std::span(zeros).first(tar_padding(entry.content.size())));
    }

    Result<void> write(std::span<const std::byte> data) {
        count(data);
        ENVPACK_CHECK(gzip_ ? gzip_->write(data) : zstd_ ? zstd_->write(data) : blob_.write(data));
        hash_.settle();
        return {};
    }

    Result<LayerBytes> finish() {
        LayerBytes bytes;
        std::uint64_t toc_offset = 0;
        if (toc_) {
            ENVPACK_CHECK(gzip_->finish());  // for the offsets
            ENVPACK_TRY(const std::uint64_t member, gzip_->next_member());
            ENVPACK_TRY(bytes.toc, write_toc());
            ENVPACK_CHECK(gzip_->finish());
            toc_offset = gzip_->offset_of(member);
        } else {
            ENVPACK_CHECK(make_room(tar_end_size, false));
            ENVPACK_CHECK(write(zeros));
            if (gzip_) {
                ENVPACK_CHECK(gzip_->finish());
            }
        }
        if (zstd_) {
            ENVPACK_CHECK(zstd_->finish());
        }
        if (toc_) {
            ENVPACK_CHECK(blob_.write(as_bytes(estargz_footer(toc_offset))));
        }
        ENVPACK_CHECK(blob_.finish());
        const NestedSha256::Digests digests = std::move(hash_).finish();
        bytes.diff_id = digests.all;
        bytes.digest = digests.beside;
        bytes.size = blob_.count();
        bytes.tar_size = tar_size_;
        if (gzip_) {
            bytes.members = gzip_->members() + (toc_ ? 1 : 0);  // the footer is one
            bytes.packed = gzip_->packed();
        }
        return bytes;
    }

private:
    Result<void> make_room(std::uint64_t need, bool begins_member) {
        return gzip_ ? gzip_->begin(need, begins_member) : Result<void>();
    }

    /// After `size` more plain bytes: about as much of the DEFLATE data as they were inflated from
    /// is in the processor's cache.
    Result<void> move_on(std::size_t size) {
        seen_ += size;
        const double share = static_cast<double>(seen_) / static_cast<double>(moved_->size());
        return gzip_->advance_verbatim(static_cast<std::uint64_t>(
            share * static_cast<double>(moved_->deflated()->data.size())));
    }

    /// Bytes of the tar. They are hashed together with what gets into the blob until
    /// hash_.settle().
    void count(std::span<const std::byte> data) {
        hash_.defer(data);
        tar_size_ += data.size();
    }

    /// The last member of the tar and its end; gives the digest of its content. In one gzip member:
    /// the reference library reads no further.
    Result<Digest> write_toc() {
        const std::string text = toc_->text(*gzip_);
        std::string tar = tar_header_bytes({.path = SafePath() / estargz_toc_name,
                                            .uid = options_.uid,
                                            .gid = options_.gid,
                                            .mtime = options_.mtime,
                                            .size = text.size()});
        tar += text;
        tar.append(tar_padding(text.size()) + tar_end_size, '\0');
        count(as_bytes(tar));
        hash_.settle();
        ENVPACK_CHECK(gzip_->whole(std::move(tar)));
        return Digest::of(as_bytes(text));
    }

    const LayerWriteOptions& options_;
    NestedSha256 hash_;  ///< of the tar, of its files, and beside it of the blob
    BlobSink blob_;
    std::optional<GzipMemberEncoder> gzip_;
    std::optional<EstargzToc> toc_;
    std::unique_ptr<ByteSink> zstd_;
    std::uint64_t tar_size_ = 0;
    const Content* moved_ = nullptr;  ///< whose DEFLATE data is being moved
    std::uint64_t seen_ = 0;          ///< plain bytes of it
};

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
        : subject_(subject), run_(run), total_(plain_size(entries)) {
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
    std::uint64_t total_;
    std::uint64_t done_ = 0;
    std::uint64_t reported_ = 0;
};

/// A file that LayerFeed does not serve, by chunks: who has time inflates the next one while
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
        ENVPACK_CHECK(stream.content(data, moved));
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

/// write_layer() of entries that were checked.
Result<LayerBytes> write_entries(std::span<const PlannedEntry> entries,
                                 const LayerWriteOptions& options, ByteSink& blob,
                                 const RunContext& run) {
    const auto pool = options.workers
                          ? options.workers
                          : std::make_shared<TaskPool>(std::max(run.max_parallel, 1U) - 1);
    LayerFeed feed(entries, *pool, run);
    LayerStream stream(options, blob, pool);
    LayerProgress progress(entries, options.subject, run);
    for (std::size_t i = 0; i < entries.size(); ++i) {
        ENVPACK_CHECK(run.check());
        const PlannedEntry& entry = entries[i];
        const bool is_file = entry.type == FileType::regular;
        const std::uint64_t size = is_file ? entry.content.size() : 0;
        const bool moved = is_file && stream.moves(entry);
        const TarHeader header{
            .path = entry.path,
            .type = entry.type,
            .mode = entry.mode,
            .uid = entry.owner ? entry.owner->uid : options.uid,
            .gid = entry.owner ? entry.owner->gid : options.gid,
            .mtime = options.mtime,
            .size = size,
            .link_target = entry.type == FileType::symlink ? entry.link_target : ""};
        ENVPACK_CHECK(stream.begin(header, entry, moved));
        if (!is_file) {
            continue;
        }
        if (LayerFeed::serves(entry)) {
            ENVPACK_TRY(const std::span<const std::byte> data, feed.take(i));
            ENVPACK_CHECK(stream.content(data, moved));
            progress.advance(size);
        } else {
            ENVPACK_CHECK(with_context(stream_file(entry, moved, *pool, stream, progress, run),
                                       fmt::format("while reading `{}`", entry.path.str())));
        }
        if (!moved && size >= released_size) {
            entry.content.release();
        }
        ENVPACK_CHECK(stream.end(entry, moved));
    }
    ENVPACK_TRY(const LayerBytes bytes, stream.finish());
    release_archives(entries);
    return bytes;
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

Result<LayerBytes> write_layer(std::span<const PlannedEntry> sorted_entries,
                               const LayerWriteOptions& options, ByteSink& blob,
                               const RunContext& run) {
    ENVPACK_CHECK(check_plan(sorted_entries));
    if (!options.estargz) {
        return write_entries(sorted_entries, options, blob, run);
    }
    ENVPACK_ASSERT(options.compression == Compression::gzip);
    ENVPACK_CHECK(check_estargz_names(sorted_entries));
    return write_entries(with_estargz_landmark(sorted_entries), options, blob, run);
}

}  // namespace envpack::archive
