#include "buffered_input.hpp"

#include "envpack/base/assert.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace envpack::archive {

BufferedInput::BufferedInput(std::unique_ptr<ByteSource> from, std::size_t capacity)
    : from_(std::move(from)),
      capacity_(capacity),
      buffer_(std::make_unique_for_overwrite<std::byte[]>(capacity)) {}

Result<std::span<const std::byte>> BufferedInput::peek() {
    return peek(1);
}

Result<std::span<const std::byte>> BufferedInput::peek(std::size_t count) {
    ENVPACK_ASSERT(count <= capacity_);
    if (end_ - begin_ < count && begin_ > 0) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
        end_ -= begin_;
        begin_ = 0;
    }
    while (end_ - begin_ < count && !ended_) {
        ENVPACK_TRY(const std::size_t got,
                    from_->read(std::span(buffer_.get() + end_, capacity_ - end_)));
        ended_ = got == 0;
        end_ += got;
    }
    return std::span<const std::byte>(buffer_.get() + begin_, end_ - begin_);
}

void BufferedInput::consume(std::size_t count) noexcept {
    ENVPACK_ASSERT(count <= end_ - begin_);
    begin_ += count;
    position_ += count;
}

Result<std::size_t> BufferedInput::read(std::span<std::byte> into) {
    if (begin_ == end_ && into.size() >= capacity_ && !ended_) {
        ENVPACK_TRY(const std::size_t got, from_->read(into));
        ended_ = got == 0;
        position_ += got;
        return got;
    }
    ENVPACK_TRY(const std::span<const std::byte> ready, peek());
    const std::size_t count = std::min(ready.size(), into.size());
    std::copy_n(ready.begin(), count, into.begin());
    consume(count);
    return count;
}

}  // namespace envpack::archive
