#pragma once

#include "buffered_input.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

// What compression.cpp and content.cpp are made of; each decoder knows one third-party library.
namespace envpack::archive {

/// The members of a gzip file as one stream. `input` outlives the source.
std::unique_ptr<ByteSource> gunzipped(BufferedInput& input);
/// The frames of a zstd file as one stream. `input` outlives the source.
std::unique_ptr<ByteSource> unzstd(BufferedInput& input);

/// A whole deflate stream at once, checked as inflated() does. Only for sizes the caller bounds.
Result<std::unique_ptr<std::byte[]>> inflate_whole(std::span<const std::byte> data,
                                                   std::size_t size, std::uint32_t crc32);

/// The CRC-32 of `data` after bytes whose CRC-32 is `crc` (0 at the start).
std::uint32_t crc32_of(std::span<const std::byte> data, std::uint32_t crc = 0) noexcept;

/// DEFLATE cannot expand further (258 bytes from 2 bits), so a larger claim is a lie.
constexpr bool is_possible_inflation(std::uint64_t packed, std::uint64_t plain) noexcept {
    return plain / 1032 <= packed;
}

}  // namespace envpack::archive
