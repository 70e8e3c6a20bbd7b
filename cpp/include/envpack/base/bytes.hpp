#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace envpack {

/// Pull side of a byte stream. One thread.
class ByteSource {
public:
    virtual ~ByteSource() = default;
    /// The number of bytes written to the front of `into`; 0 means end. `into` is not empty.
    virtual Result<std::size_t> read(std::span<std::byte> into) = 0;
};

/// Push side of a byte stream. finish() flushes and reports late errors; the destructor discards.
/// One thread.
class ByteSink {
public:
    virtual ~ByteSink() = default;
    virtual Result<void> write(std::span<const std::byte> data) = 0;
    virtual Result<void> finish() = 0;
};

/// The bytes of a text, without a copy.
inline std::span<const std::byte> as_bytes(std::string_view text) noexcept {
    return std::as_bytes(std::span(text.data(), text.size()));
}
/// The text that the bytes are, without a copy; nothing is checked.
inline std::string_view as_text(std::span<const std::byte> data) noexcept {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

/// Reads from memory that the caller keeps alive. One thread.
class MemorySource final : public ByteSource {
public:
    explicit MemorySource(std::span<const std::byte> data) noexcept : rest_(data) {}
    explicit MemorySource(std::string_view text) noexcept : rest_(as_bytes(text)) {}
    Result<std::size_t> read(std::span<std::byte> into) override;

private:
    std::span<const std::byte> rest_;
};

/// Collects what is written; fails with limit_exceeded beyond `max_size` bytes. One thread.
class StringSink final : public ByteSink {
public:
    explicit StringSink(std::size_t max_size = SIZE_MAX) noexcept : max_size_(max_size) {}
    Result<void> write(std::span<const std::byte> data) override;
    Result<void> finish() override { return {}; }
    const std::string& text() const noexcept { return text_; }
    std::string take() && { return std::move(text_); }

private:
    std::string text_;
    std::size_t max_size_;
};

/// Writes everything to both sinks, first to `first`. Neither is owned. One thread.
class TeeSink final : public ByteSink {
public:
    TeeSink(ByteSink& first, ByteSink& second) noexcept : first_(first), second_(second) {}
    Result<void> write(std::span<const std::byte> data) override;
    Result<void> finish() override;

private:
    ByteSink& first_;
    ByteSink& second_;
};

/// Counts and drops what is written. One thread.
class NullSink final : public ByteSink {
public:
    Result<void> write(std::span<const std::byte> data) override;
    Result<void> finish() override { return {}; }
    std::uint64_t count() const noexcept { return count_; }

private:
    std::uint64_t count_ = 0;
};

/// Fills `into` as far as the source goes; the number of bytes, less than wanted only at its end.
Result<std::size_t> read_full(ByteSource& from, std::span<std::byte> into);

/// Everything from `from` to `to`; the number of bytes moved. Does not call to.finish().
/// Fails when either side fails or when the run is stopped.
Result<std::uint64_t> copy(ByteSource& from, ByteSink& to, const RunContext& run = {});

/// All of `from` as one string; limit_exceeded when it is longer than `max_size` bytes.
/// Memory grows with the bytes read. `expected` bytes are made room for at once: name there what
/// the machine knows, never what an input declares.
Result<std::string> read_all(ByteSource& from, std::size_t max_size, std::size_t expected = 0);

/// Text that its copies share, with what keeps its bytes: a string, or a mapped file. Immutable;
/// thread-safe.
class SharedText {
public:
    SharedText() = default;
    SharedText(std::string text);
    /// Part of what `owner` keeps.
    SharedText(std::shared_ptr<const void> owner, std::string_view text) noexcept
        : owner_(std::move(owner)), text_(text) {}
    std::string_view view() const noexcept { return text_; }
    operator std::string_view() const noexcept { return text_; }
    /// The rest from `begin` on, which is at most the size; nothing is copied.
    SharedText from(std::size_t begin) const { return {owner_, text_.substr(begin)}; }

private:
    std::shared_ptr<const void> owner_;
    std::string_view text_;
};

}  // namespace envpack
