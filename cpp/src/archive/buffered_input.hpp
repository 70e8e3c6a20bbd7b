#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace envpack::archive {

/// A source with a look ahead, which every decoder here reads from. One thread.
class BufferedInput final : public ByteSource {
public:
    explicit BufferedInput(std::unique_ptr<ByteSource> from, std::size_t capacity = 128u << 10);

    /// At least one byte, unless the source has ended; the view holds until the next call.
    Result<std::span<const std::byte>> peek();
    /// `count` bytes when the source has them, else what is left.
    Result<std::span<const std::byte>> peek(std::size_t count);
    void consume(std::size_t count) noexcept;
    Result<std::size_t> read(std::span<std::byte> into) override;
    /// Bytes taken out so far.
    std::uint64_t position() const noexcept { return position_; }

private:
    std::unique_ptr<ByteSource> from_;
    std::size_t capacity_;
    std::unique_ptr<std::byte[]> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::uint64_t position_ = 0;
    bool ended_ = false;
};

}  // namespace envpack::archive
