#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace envpack {

/// The eight words of a SHA-256 that is under way, H(i) of FIPS 180-4, section 6.2.2.
using Sha256Words = std::span<std::uint32_t, 8>;

constexpr std::size_t sha256_block_size = 64;

// For processors with can_hash_at_once(): the rounds of one hash fill the time that those of
// another wait for their results. All blocks are whole ones.

/// Continues two hashes with the same blocks, whose message schedule is computed once.
void hash_blocks_into_both(Sha256Words a, Sha256Words b,
                           std::span<const std::byte> blocks) noexcept;

/// Continues two hashes, each with blocks of its own, of which there are equally many.
void hash_blocks_of_two(Sha256Words a, std::span<const std::byte> blocks_of_a, Sha256Words b,
                        std::span<const std::byte> blocks_of_b) noexcept;

/// Both at once: `a` and `b` get the same blocks, `c` equally many of its own.
void hash_blocks_of_three(Sha256Words a, Sha256Words b, std::span<const std::byte> blocks_of_both,
                          Sha256Words c, std::span<const std::byte> blocks_of_c) noexcept;

}  // namespace envpack
