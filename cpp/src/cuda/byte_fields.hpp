#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace envpack::cuda {

/// Unsigned numbers in foreign bytes, of either byte order. The caller knows that they are there.
class ByteFields {
public:
    explicit ByteFields(std::span<const std::byte> data, bool little = true) noexcept
        : data_(data), little_(little) {}

    std::uint16_t u16(std::size_t offset) const noexcept {
        return static_cast<std::uint16_t>(number(offset, 2));
    }
    std::uint32_t u32(std::size_t offset) const noexcept {
        return static_cast<std::uint32_t>(number(offset, 4));
    }
    std::uint64_t u64(std::size_t offset) const noexcept { return number(offset, 8); }
    /// An address or offset: 8 bytes where `wide`, else 4.
    std::uint64_t word(std::size_t offset, bool wide) const noexcept {
        return number(offset, wide ? 8 : 4);
    }

private:
    std::uint64_t number(std::size_t offset, std::size_t size) const noexcept {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const std::size_t index = offset + (little_ ? size - 1 - i : i);
            value = value << 8 | std::to_integer<std::uint8_t>(data_[index]);
        }
        return value;
    }

    std::span<const std::byte> data_;
    bool little_;
};

}  // namespace envpack::cuda
