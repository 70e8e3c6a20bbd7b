#include "sha256_blocks.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/nested_sha256.hpp"

#include <array>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

namespace envpack {

#if defined(__x86_64__)

namespace {

#define ENVPACK_SHA __attribute__((target("sha,sse4.1")))

/// FIPS 180-4, section 4.2.2.
alignas(16) constexpr std::array<std::uint32_t, 64> round_constants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

constexpr std::size_t four_words = 16;  ///< bytes in a register
constexpr std::size_t quads = 16;       ///< four rounds each

/// The words a to h as SHA256RNDS2 wants them (Intel 64 and IA-32 Architectures Software
/// Developer's Manual, volume 2).
struct Registers {
    __m128i abef;
    __m128i cdgh;
};

__m128i* at(std::uint32_t* words) {
    return reinterpret_cast<__m128i*>(words);
}

ENVPACK_SHA Registers load(Sha256Words words) {
    const __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(at(words.data())), 0xb1);
    const __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(at(words.data() + 4)), 0x1b);
    return {.abef = _mm_alignr_epi8(badc, hgfe, 8), .cdgh = _mm_blend_epi16(hgfe, badc, 0xf0)};
}

ENVPACK_SHA void store(const Registers& from, Sha256Words words) {
    const __m128i feba = _mm_shuffle_epi32(from.abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(from.cdgh, 0xb1);
    _mm_storeu_si128(at(words.data()), _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(at(words.data() + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/// Four rounds; `input` is W plus K of each.
ENVPACK_SHA inline void four_rounds(Registers& words, __m128i input) {
    words.cdgh = _mm_sha256rnds2_epu32(words.cdgh, words.abef, input);
    words.abef = _mm_sha256rnds2_epu32(words.abef, words.cdgh, _mm_shuffle_epi32(input, 0x0e));
}

ENVPACK_SHA inline void add(Registers& words, const Registers& before) {
    words.abef = _mm_add_epi32(words.abef, before.abef);
    words.cdgh = _mm_add_epi32(words.cdgh, before.cdgh);
}

/// The message schedule of a block, 16 words of it at a time (FIPS 180-4, section 6.2.2, step 1).
struct Schedule {
    __m128i w[4];  ///< W(t) in w[t / 4 % 4]
};

ENVPACK_SHA inline Schedule schedule_of(const std::byte* block) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    Schedule schedule{};
#pragma GCC unroll 4
    for (std::size_t i = 0; i < 4; ++i) {
        schedule.w[i] = _mm_shuffle_epi8(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + i * four_words)), big_endian);
    }
    return schedule;
}

/// W plus K of quad i. The words of quad i + 4 take the place of these.
ENVPACK_SHA inline __m128i next_input(Schedule& schedule, std::size_t i) {
    __m128i& now = schedule.w[i % 4];
    const __m128i input = _mm_add_epi32(
        now, _mm_load_si128(reinterpret_cast<const __m128i*>(&round_constants[4 * i])));
    if (i < quads - 4) {
        const __m128i& last = schedule.w[(i + 3) % 4];
        const __m128i seventh = _mm_alignr_epi8(last, schedule.w[(i + 2) % 4], 4);
        now = _mm_sha256msg2_epu32(
            _mm_add_epi32(_mm_sha256msg1_epu32(now, schedule.w[(i + 1) % 4]), seventh), last);
    }
    return input;
}

/// Blocks, and the hashes that get them: in registers.
template <std::size_t Hashes>
class Message {
public:
    ENVPACK_SHA Message(const std::array<Sha256Words, Hashes>& hashes, const std::byte* blocks)
        : hashes_(hashes), blocks_(blocks) {
#pragma GCC unroll 2
        for (std::size_t i = 0; i < Hashes; ++i) {
            now_[i] = load(hashes_[i]);
        }
    }
    ENVPACK_SHA void begin_block() {
        schedule_ = schedule_of(blocks_);
        blocks_ += sha256_block_size;
#pragma GCC unroll 2
        for (std::size_t i = 0; i < Hashes; ++i) {
            before_[i] = now_[i];
        }
    }
    ENVPACK_SHA void rounds(std::size_t quad) {
        const __m128i input = next_input(schedule_, quad);
#pragma GCC unroll 2
        for (std::size_t i = 0; i < Hashes; ++i) {
            four_rounds(now_[i], input);
        }
    }
    ENVPACK_SHA void end_block() {
#pragma GCC unroll 2
        for (std::size_t i = 0; i < Hashes; ++i) {
            add(now_[i], before_[i]);
        }
    }
    ENVPACK_SHA void finish() {
#pragma GCC unroll 2
        for (std::size_t i = 0; i < Hashes; ++i) {
            store(now_[i], hashes_[i]);
        }
    }

private:
    std::array<Sha256Words, Hashes> hashes_;
    const std::byte* blocks_;
    Registers now_[Hashes];
    Registers before_[Hashes];
    Schedule schedule_;
};

/// FIPS 180-4, section 6.2.2, for as many blocks of every message as are in `size` bytes.
template <class... Messages>
ENVPACK_SHA inline void hash_at_once(std::size_t size, Messages... messages) {
    for (std::size_t at = 0; at < size; at += sha256_block_size) {
        (messages.begin_block(), ...);
#pragma GCC unroll 16
        for (std::size_t quad = 0; quad < quads; ++quad) {
            (messages.rounds(quad), ...);
        }
        (messages.end_block(), ...);
    }
    (messages.finish(), ...);
}

bool has_sha_instructions() {
    unsigned a = 0;
    unsigned b = 0;
    unsigned c = 0;
    unsigned d = 0;
    const bool has_sse = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_SSE4_1) != 0;
    return has_sse && __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

}  // namespace

bool can_hash_at_once() noexcept {
    static const bool can = has_sha_instructions();
    return can;
}

ENVPACK_SHA void hash_blocks_into_both(Sha256Words a, Sha256Words b,
                                       std::span<const std::byte> blocks) noexcept {
    hash_at_once(blocks.size(), Message<2>({a, b}, blocks.data()));
}

ENVPACK_SHA void hash_blocks_of_two(Sha256Words a, std::span<const std::byte> blocks_of_a,
                                    Sha256Words b,
                                    std::span<const std::byte> blocks_of_b) noexcept {
    hash_at_once(blocks_of_a.size(), Message<1>({a}, blocks_of_a.data()),
                 Message<1>({b}, blocks_of_b.data()));
}

ENVPACK_SHA void hash_blocks_of_three(Sha256Words a, Sha256Words b,
                                      std::span<const std::byte> blocks_of_both, Sha256Words c,
                                      std::span<const std::byte> blocks_of_c) noexcept {
    hash_at_once(blocks_of_both.size(), Message<2>({a, b}, blocks_of_both.data()),
                 Message<1>({c}, blocks_of_c.data()));
}

#undef ENVPACK_SHA

#else

bool can_hash_at_once() noexcept {
    return false;
}

void hash_blocks_into_both(Sha256Words, Sha256Words, std::span<const std::byte>) noexcept {
    ENVPACK_ASSERT(can_hash_at_once());
}

void hash_blocks_of_two(Sha256Words, std::span<const std::byte>, Sha256Words,
                        std::span<const std::byte>) noexcept {
    ENVPACK_ASSERT(can_hash_at_once());
}

void hash_blocks_of_three(Sha256Words, Sha256Words, std::span<const std::byte>, Sha256Words,
                          std::span<const std::byte>) noexcept {
    ENVPACK_ASSERT(can_hash_at_once());
}

#endif

}  // namespace envpack
