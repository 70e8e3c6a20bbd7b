#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace envpack {

/// The eight words of a SHA-256 that is under way, H(i) of FIPS 180-4, section 6.2.2.
using Sha256Words = std::span<std::uint32_t, 8>;

constexpr std::size_t sha256_block_size = 64;

/// Whether this processor can do hash_blocks_into_both().
bool can_hash_into_both() noexcept;

/// Continues two hashes with the same whole blocks. Their message schedule is computed once, and
/// the rounds of one fill the time that those of the other wait for their results.
void hash_blocks_into_both(Sha256Words a, Sha256Words b,
                           std::span<const std::byte> blocks) noexcept;

}  // namespace envpack
