#pragma once

#include "envpack/archive/compression.hpp"
#include "envpack/archive/content.hpp"
#include "envpack/archive/gzip_members.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/task_pool.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::archive {

/// Time of every member of a layer, and owner of those that name none: options of the writing, so
/// that nothing of the build host gets in.
struct LayerWriteOptions {
    std::uint64_t uid = 0;
    std::uint64_t gid = 0;
    std::int64_t mtime = 0;  ///< SOURCE_DATE_EPOCH; Unix time
    Compression compression = Compression::gzip;
    GzipEncoding gzip = {};
    /// As eStargz (estargz.hpp), with gzip only: every file in members of its own, DEFLATE data of
    /// a zip archive moved whatever its size, a table of contents at the end.
    bool estargz = false;
    std::string_view subject = "layer";  ///< in progress reports
    /// Tell LayerBytes::packed, and take members of `known` that the same options and
    /// compressor_version() made. Nothing in the layer depends on it.
    bool track_members = false;
    std::shared_ptr<const KnownMembers> known = nullptr;
    /// Who inflates and compresses besides the calling thread, for several layers at once; nullptr:
    /// run.max_parallel - 1 threads of this layer's own.
    std::shared_ptr<TaskPool> workers = nullptr;
};

/// The library that compresses, and its version: "libdeflate 1.14". Empty where none does. The
/// bytes of a blob may change with it, the tar never.
std::string compressor_version(Compression compression);

/// What one pass over a layer's bytes found. Value; not synchronised.
struct LayerBytes {
    Digest diff_id;          ///< of the tar
    Digest digest;           ///< of the blob
    std::uint64_t size = 0;  ///< of the blob
    std::uint64_t tar_size = 0;
    std::uint64_t members = 0;                 ///< gzip members; 0 for other compressions
    std::vector<PackedMember> packed = {};     ///< where they are tracked
    std::optional<Digest> toc = std::nullopt;  ///< of the table of contents of an eStargz
};

/// Writes the entries as one layer (tar_writer.hpp, gzip_members.hpp) to `blob` in a single pass:
/// inflate, check CRC and PlannedEntry::sha256, hash the tar, compress, hash the blob. Calls
/// blob.finish(). The entries are in the order of merge_entries(); otherwise invalid_argument with
/// rule `plan.order`. A file unlike its sha256 is a digest_mismatch with rule
/// `record.hash-mismatch`. eStargz refuses what is named like a part of it: invalid_argument with
/// rule `layer.estargz-name`. On any error what `blob` has got is to be thrown away.
///
/// Memory: at most 32 MiB of files ahead, a file of up to 16 MiB in hand, and 14 gzip members of
/// 1 MiB, whatever the sizes; nothing ahead, and one member, where nobody else works. The bytes do
/// not depend on the number of threads.
Result<LayerBytes> write_layer(std::span<const PlannedEntry> sorted_entries,
                               const LayerWriteOptions& options, ByteSink& blob,
                               const RunContext& run);

}  // namespace envpack::archive
