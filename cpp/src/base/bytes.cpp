#include "envpack/base/bytes.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include <fmt/format.h>

namespace envpack {
namespace {

constexpr std::size_t block_size = std::size_t{128} << 10;

Error too_long(std::size_t max_size) {
    return {ErrorCode::limit_exceeded, fmt::format("more than {} bytes", max_size)};
}

}  // namespace

Result<std::size_t> MemorySource::read(std::span<std::byte> into) {
    const std::size_t count = std::min(into.size(), rest_.size());
    if (count != 0) {
        std::memcpy(into.data(), rest_.data(), count);
        rest_ = rest_.subspan(count);
    }
    return count;
}

Result<void> StringSink::write(std::span<const std::byte> data) {
    if (data.size() > max_size_ - text_.size()) {
        return fail(too_long(max_size_));
    }
    text_.append(as_text(data));
    return {};
}

Result<void> TeeSink::write(std::span<const std::byte> data) {
    ENVPACK_CHECK(first_.write(data));
    return second_.write(data);
}

Result<void> TeeSink::finish() {
    ENVPACK_CHECK(first_.finish());
    return second_.finish();
}

Result<void> NullSink::write(std::span<const std::byte> data) {
    count_ += data.size();
    return {};
}

Result<std::size_t> read_full(ByteSource& from, std::span<std::byte> into) {
    std::size_t filled = 0;
    while (filled < into.size()) {
        ENVPACK_TRY(const std::size_t count, from.read(into.subspan(filled)));
        if (count == 0) {
            break;
        }
        filled += count;
    }
    return filled;
}

Result<std::uint64_t> copy(ByteSource& from, ByteSink& to, const RunContext& run) {
    std::vector<std::byte> block(block_size);
    std::uint64_t total = 0;
    for (;;) {
        ENVPACK_CHECK(run.check());
        ENVPACK_TRY(const std::size_t count, from.read(block));
        if (count == 0) {
            return total;
        }
        ENVPACK_CHECK(to.write(std::span(block).first(count)));
        total += count;
    }
}

Result<std::string> read_all(ByteSource& from, std::size_t max_size, std::size_t expected) {
    constexpr std::size_t smallest = 4096;
    std::string text;
    // One byte more than expected, so that the end shows without growing.
    text.resize(std::max(smallest, std::min(expected, max_size) + 1));
    std::size_t filled = 0;
    for (;;) {
        if (filled == text.size()) {
            text.resize(2 * filled);
        }
        ENVPACK_TRY(const std::size_t count,
                    from.read(std::as_writable_bytes(std::span(text).subspan(filled))));
        filled += count;
        if (filled > max_size) {
            return fail(too_long(max_size));
        }
        if (count == 0) {
            text.resize(filled);
            return text;
        }
    }
}

SharedText::SharedText(std::string text) {
    auto owner = std::make_shared<const std::string>(std::move(text));
    text_ = *owner;
    owner_ = std::move(owner);
}

}  // namespace envpack
