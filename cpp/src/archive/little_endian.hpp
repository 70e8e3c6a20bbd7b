#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace envpack::archive {

// Numbers of the zip and gzip formats. The caller has checked that the bytes are there.
template <class Number>
constexpr Number little_endian(std::span<const std::byte> data, std::size_t offset) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(Number); ++i) {
        value |= std::uint64_t{std::to_integer<std::uint8_t>(data[offset + i])} << (8 * i);
    }
    return static_cast<Number>(value);
}
constexpr std::uint16_t le16(std::span<const std::byte> data, std::size_t offset) {
    return little_endian<std::uint16_t>(data, offset);
}
constexpr std::uint32_t le32(std::span<const std::byte> data, std::size_t offset) {
    return little_endian<std::uint32_t>(data, offset);
}
constexpr std::uint64_t le64(std::span<const std::byte> data, std::size_t offset) {
    return little_endian<std::uint64_t>(data, offset);
}

}  // namespace envpack::archive
