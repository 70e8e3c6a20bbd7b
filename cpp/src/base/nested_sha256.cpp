// Deprecated since OpenSSL 3.0, and the only way to a hash under way: docs/adr/0015.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "envpack/base/nested_sha256.hpp"

#include "envpack/base/assert.hpp"
#include "sha256_blocks.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include <openssl/sha.h>

namespace envpack {
namespace {

static_assert(std::is_same_v<SHA_LONG, std::uint32_t> && SHA256_CBLOCK == sha256_block_size);

SHA256_CTX begun() {
    SHA256_CTX hash;
    ENVPACK_ASSERT(SHA256_Init(&hash) == 1);
    return hash;
}

void add(SHA256_CTX& hash, std::span<const std::byte> data) {
    ENVPACK_ASSERT(SHA256_Update(&hash, data.data(), data.size()) == 1);
}

Digest finished(SHA256_CTX& hash) {
    std::array<unsigned char, Digest::size> raw{};
    ENVPACK_ASSERT(SHA256_Final(raw.data(), &hash) == 1);
    Digest::Bytes bytes{};
    std::memcpy(bytes.data(), raw.data(), raw.size());
    return Digest::from_bytes(bytes);
}

/// Bytes that are still missing in the block that was begun.
std::size_t missing(const SHA256_CTX& hash) {
    return (sha256_block_size - hash.num) % sha256_block_size;
}

/// What SHA256_Update() does besides hashing: FIPS 180-4, section 5.1.1, the length in bits.
void count(SHA256_CTX& hash, std::size_t bytes) {
    const std::uint64_t bits =
        (std::uint64_t{hash.Nh} << 32U | hash.Nl) + (std::uint64_t{bytes} << 3U);
    hash.Nl = static_cast<SHA_LONG>(bits);
    hash.Nh = static_cast<SHA_LONG>(bits >> 32U);
}

/// The same data into two hashes.
void add_to_both(SHA256_CTX& a, SHA256_CTX& b, std::span<const std::byte> data) {
    if (can_hash_into_both() && a.num == b.num) {
        const auto head = data.first(std::min(missing(a), data.size()));
        add(a, head);
        add(b, head);
        data = data.subspan(head.size());
        const auto blocks = data.first(data.size() - data.size() % sha256_block_size);
        hash_blocks_into_both(Sha256Words(a.h), Sha256Words(b.h), blocks);
        count(a, blocks.size());
        count(b, blocks.size());
        data = data.subspan(blocks.size());
    }
    add(a, data);
    add(b, data);
}

}  // namespace

struct NestedSha256::State {
    SHA256_CTX all = begun();
    std::optional<SHA256_CTX> part = std::nullopt;
};

NestedSha256::NestedSha256() : state_(std::make_unique<State>()) {}
NestedSha256::~NestedSha256() = default;

void NestedSha256::update(std::span<const std::byte> data) {
    ENVPACK_ASSERT(state_ != nullptr);
    if (state_->part) {
        add_to_both(state_->all, *state_->part, data);
    } else {
        add(state_->all, data);
    }
}

void NestedSha256::begin_part() {
    ENVPACK_ASSERT(state_ != nullptr && !state_->part);
    state_->part = begun();
}

Digest NestedSha256::finish_part() {
    ENVPACK_ASSERT(state_ != nullptr && state_->part);
    const Digest digest = finished(*state_->part);
    state_->part.reset();
    return digest;
}

Digest NestedSha256::finish() && {
    ENVPACK_ASSERT(state_ != nullptr && !state_->part);
    const Digest digest = finished(state_->all);
    state_.reset();
    return digest;
}

}  // namespace envpack
