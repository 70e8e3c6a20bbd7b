#pragma once

#include "envpack/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace envpack::archive {

/// The fields of one header block as Go's archive/tar reads them. Value; not synchronised.
struct RawTarHeader {
    std::string name;  ///< with the prefix of ustar
    std::string link_name;
    char type = '0';
    std::uint32_t mode = 0;
    std::uint64_t uid = 0;
    std::uint64_t gid = 0;
    std::uint64_t size = 0;
    std::int64_t mtime = 0;
};

/// Checks and reads a block of 512 bytes that is not all zeros.
Result<RawTarHeader> parse_tar_header(std::span<const std::byte> block);

/// The checksum of a header block: the sum of its bytes, its own field counted as spaces.
std::uint32_t tar_checksum(std::span<const std::byte> block) noexcept;

}  // namespace envpack::archive
