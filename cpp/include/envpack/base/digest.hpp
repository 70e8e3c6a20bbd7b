#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/result.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace envpack {

/// A sha256 content address: 32 bytes, ordered, hashable.
/// Source: OCI image-spec, descriptor.md, "Digests". Value; not synchronised.
class Digest {
public:
    static constexpr std::size_t size = 32;
    using Bytes = std::array<std::byte, size>;

    /// "sha256:<64 lower-case hex digits>"; anything else is a parse_error, also other algorithms.
    static Result<Digest> parse(std::string_view text);
    /// 64 hex digits of either case, as package indexes and lock files write them.
    static Result<Digest> parse_hex(std::string_view hex);
    /// Unpadded urlsafe base64, as RECORD writes it (PEP 376, PEP 427).
    static Result<Digest> parse_base64url(std::string_view text);
    static Digest of(std::span<const std::byte> data);
    /// Of everything that `from` gives.
    static Result<Digest> of(ByteSource& from, const RunContext& run = {});
    static Digest from_bytes(const Bytes& bytes) noexcept;

    std::string to_string() const;  ///< "sha256:<hex>"
    std::string hex() const;        ///< 64 lower-case hex digits
    std::string base64url() const;  ///< 43 characters, unpadded
    const Bytes& bytes() const noexcept { return bytes_; }

    friend auto operator<=>(const Digest&, const Digest&) = default;

private:
    Bytes bytes_{};
};

/// Incremental SHA-256. One thread.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void update(std::span<const std::byte> data);
    /// The digest of everything so far; the hasher is spent afterwards.
    Digest finish() &&;

private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Hashes and counts everything written, and passes it on when there is a next sink. One thread.
class HashingSink final : public ByteSink {
public:
    /// `next` is not owned; may be null.
    explicit HashingSink(ByteSink* next = nullptr) noexcept : next_(next) {}
    Result<void> write(std::span<const std::byte> data) override;
    Result<void> finish() override;
    std::uint64_t count() const noexcept { return count_; }
    /// Valid once, after the last write.
    Digest digest() && { return std::move(hash_).finish(); }

private:
    ByteSink* next_;
    Sha256 hash_;
    std::uint64_t count_ = 0;
};

/// Passes `from` through and fails with digest_mismatch at its end, or as soon as it is too long,
/// unless it has exactly `size` bytes with digest `expected`. One thread.
class VerifyingSource final : public ByteSource {
public:
    VerifyingSource(std::unique_ptr<ByteSource> from, Digest expected, std::uint64_t size);
    Result<std::size_t> read(std::span<std::byte> into) override;

private:
    std::unique_ptr<ByteSource> from_;
    Digest expected_;
    std::uint64_t rest_;
    Sha256 hash_;
    bool done_ = false;
};

}  // namespace envpack

template <>
struct std::hash<envpack::Digest> {
    std::size_t operator()(const envpack::Digest& digest) const noexcept;
};
