#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace envpack::archive {

enum class Compression : std::uint8_t { none, gzip, zstd };

/// "none", "gzip" or "zstd".
std::string_view to_string(Compression compression) noexcept;
/// The one that has this name; invalid_argument when none has.
Result<Compression> compression_named(std::string_view name);

/// What the first bytes of a stream say; 6 bytes are enough. A zstd stream may begin with a
/// skippable frame.
Compression detect_compression(std::span<const std::byte> head) noexcept;

/// The plain bytes of a gzip, zstd or uncompressed stream, told apart by its magic (media types
/// lie: reliability.md D3). Reading fails with
///   gzip.header, gzip.data, gzip.checksum, gzip.truncated, gzip.trailing-bytes (RFC 1952; any
///     number of members is one stream), gzip.empty-members (over 1,000 in a row),
///   zstd.data, zstd.window (log over 27), zstd.truncated, zstd.dictionary, zstd.checksum,
///   zstd.trailing-bytes
///     (RFC 8878; any number of frames is one stream),
///   archive.too-large, archive.ratio for what `limits` says about totals.
/// The input is read to its very end before the end is reported.
Result<std::unique_ptr<ByteSource>> decompressed(std::unique_ptr<ByteSource> from,
                                                 const Limits& limits = {});

/// Raw DEFLATE (RFC 1951) as a stream. Reading fails with
/// digest_mismatch unless `data` is one complete deflate stream, consumed to its last byte, of
/// exactly `size` plain bytes with checksum `crc32` (facts: rules `deflate.data`,
/// `deflate.trailing-bytes`, `deflate.size`, `deflate.checksum`). `owner` keeps `data` alive; its
/// pages are let go when they were read.
std::unique_ptr<ByteSource> inflated(std::shared_ptr<const MappedFile> owner,
                                     std::span<const std::byte> data, std::uint64_t size,
                                     std::uint32_t crc32);

}  // namespace envpack::archive
