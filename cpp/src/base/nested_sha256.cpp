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
#include <vector>

#include <openssl/sha.h>

namespace envpack {
namespace {

static_assert(std::is_same_v<SHA_LONG, std::uint32_t> && SHA256_CBLOCK == sha256_block_size);

/// Of two files, from each.
constexpr std::size_t at_once = std::size_t{4} << 20;

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

/// Cuts off the first bytes.
std::span<const std::byte> take(std::span<const std::byte>& data, std::size_t size) {
    const auto front = data.first(size);
    data = data.subspan(size);
    return front;
}

/// The same data into two hashes.
void add_to_both(SHA256_CTX& a, SHA256_CTX& b, std::span<const std::byte> data) {
    if (can_hash_at_once() && a.num == b.num) {
        const auto head = take(data, std::min(missing(a), data.size()));
        add(a, head);
        add(b, head);
        const auto blocks = take(data, data.size() - data.size() % sha256_block_size);
        hash_blocks_into_both(Sha256Words(a.h), Sha256Words(b.h), blocks);
        count(a, blocks.size());
        count(b, blocks.size());
    }
    add(a, data);
    add(b, data);
}

/// Room for whole blocks behind the one that was begun.
std::size_t whole_blocks(const SHA256_CTX& hash, std::span<const std::byte> data) {
    const std::size_t head = missing(hash);
    return data.size() < head ? 0 : (data.size() - head) / sha256_block_size * sha256_block_size;
}

}  // namespace

struct NestedSha256::State {
    SHA256_CTX all = begun();
    std::optional<SHA256_CTX> part = std::nullopt;
    SHA256_CTX beside = begun();
    std::span<const std::byte> deferred = {};

    void add_now(std::span<const std::byte> data) {
        if (part) {
            add_to_both(all, *part, data);
        } else {
            add(all, data);
        }
    }

    /// As much of what was deferred and of `data` as can be hashed at once; gives the rest of it.
    std::span<const std::byte> add_at_once(std::span<const std::byte> data) {
        const bool is_aligned = !part || part->num == all.num;
        const std::size_t size = std::min(whole_blocks(all, deferred), whole_blocks(beside, data));
        if (size == 0 || !is_aligned || !can_hash_at_once()) {
            return data;
        }
        add_now(take(deferred, missing(all)));
        add(beside, take(data, missing(beside)));
        const auto mine = take(deferred, size);
        const auto others = take(data, size);
        if (part) {
            hash_blocks_of_three(Sha256Words(all.h), Sha256Words(part->h), mine,
                                 Sha256Words(beside.h), others);
            count(*part, size);
        } else {
            hash_blocks_of_two(Sha256Words(all.h), mine, Sha256Words(beside.h), others);
        }
        count(all, size);
        count(beside, size);
        return data;
    }
};

NestedSha256::NestedSha256() : state_(std::make_unique<State>()) {}
NestedSha256::~NestedSha256() = default;

void NestedSha256::defer(std::span<const std::byte> data) {
    ENVPACK_ASSERT(state_->deferred.empty());
    state_->deferred = data;
}

void NestedSha256::settle() {
    state_->add_now(std::exchange(state_->deferred, {}));
}

void NestedSha256::update(std::span<const std::byte> data) {
    ENVPACK_ASSERT(state_->deferred.empty());
    state_->add_now(data);
}

void NestedSha256::begin_part() {
    ENVPACK_ASSERT(!state_->part && state_->deferred.empty());
    state_->part = begun();
}

Digest NestedSha256::finish_part() {
    ENVPACK_ASSERT(state_->part && state_->deferred.empty());
    const Digest digest = finished(*state_->part);
    state_->part.reset();
    return digest;
}

void NestedSha256::update_beside(std::span<const std::byte> data) {
    add(state_->beside, state_->add_at_once(data));
}

NestedSha256::Digests NestedSha256::finish() && {
    ENVPACK_ASSERT(!state_->part && state_->deferred.empty());
    const Digests digests{.all = finished(state_->all), .beside = finished(state_->beside)};
    state_.reset();
    return digests;
}

Result<std::pair<Digest, Digest>> digests_of_two(const MappedFile& a, const MappedFile& b,
                                                 const RunContext& run) {
    NestedSha256 hash;
    std::span<const std::byte> rest_a = a.bytes();
    std::span<const std::byte> rest_b = b.bytes();
    while (!rest_a.empty() || !rest_b.empty()) {
        ENVPACK_CHECK(run.check());
        const auto now_a = take(rest_a, std::min(rest_a.size(), at_once));
        const auto now_b = take(rest_b, std::min(rest_b.size(), at_once));
        hash.defer(now_a);
        hash.update_beside(now_b);
        hash.settle();
        a.release(now_a);
        b.release(now_b);
    }
    const NestedSha256::Digests digests = std::move(hash).finish();
    return std::pair(digests.all, digests.beside);
}

}  // namespace envpack
