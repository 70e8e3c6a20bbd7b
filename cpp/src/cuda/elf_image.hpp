#pragma once

#include "byte_fields.hpp"
#include "envpack/base/byte_region.hpp"
#include "envpack/base/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace envpack::cuda {

/// An ELF file by its segments: what lies where in memory and in the file. One thread.
class ElfImage {
public:
    /// nullopt when the bytes begin no ELF file.
    static Result<std::optional<ElfImage>> open(const ByteRegion& bytes);

    bool is_wide() const noexcept { return wide_; }
    bool is_little() const noexcept { return little_; }
    std::uint16_t type() const noexcept { return u16(header_, 16); }
    std::uint16_t machine() const noexcept { return u16(header_, 18); }
    std::uint32_t flags() const noexcept { return u32(header_, wide_ ? 48 : 36); }
    std::uint8_t abi_version() const noexcept { return std::to_integer<std::uint8_t>(header_[8]); }

    Result<void> read_segments();
    Result<std::string> program_interpreter();
    /// Tags and values up to DT_NULL; empty without a dynamic segment.
    Result<std::vector<std::pair<std::uint64_t, std::uint64_t>>> dynamic();
    /// The table that string() reads: an address and a size.
    Result<void> use_strings(std::uint64_t address, std::uint64_t size);
    Result<std::string> string(std::uint64_t offset);

    /// `Size` bytes at an address in memory.
    template <std::size_t Size>
    Result<std::array<std::byte, Size>> at_address(std::uint64_t address, std::string_view rule) {
        std::array<std::byte, Size> bytes{};
        ENVPACK_TRY(const std::uint64_t offset, offset_of(address, rule));
        ENVPACK_CHECK(copy(offset, bytes, rule));
        return bytes;
    }
    std::uint16_t u16(std::span<const std::byte> data, std::size_t offset) const noexcept {
        return ByteFields(data, little_).u16(offset);
    }
    std::uint32_t u32(std::span<const std::byte> data, std::size_t offset) const noexcept {
        return ByteFields(data, little_).u32(offset);
    }

private:
    struct Segment {
        std::uint32_t type;
        std::uint64_t offset;
        std::uint64_t address;
        std::uint64_t file_size;
    };
    explicit ElfImage(ByteRegion bytes) noexcept : bytes_(std::move(bytes)) {}
    Result<void> copy(std::uint64_t offset, std::span<std::byte> into, std::string_view rule);
    Result<std::uint64_t> offset_of(std::uint64_t address, std::string_view rule) const;
    const Segment* segment(std::uint32_t type) const noexcept;

    ByteRegion bytes_;
    bool wide_ = false;
    bool little_ = true;
    std::array<std::byte, 64> header_{};
    std::vector<Segment> segments_;
    std::uint64_t strings_offset_ = 0;
    std::uint64_t strings_size_ = 0;
    std::vector<std::byte> buffer_;
};

}  // namespace envpack::cuda
