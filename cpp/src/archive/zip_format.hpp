#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// The records of a zip archive (APPNOTE 6.3.10, section 4.3) and the steps of reading them:
// find_directory, then read_directory, then check_members. Offsets count from the file's start.
namespace envpack::archive {

using Bytes = std::span<const std::byte>;

constexpr std::uint16_t zip_flag_descriptor = 1u << 3;
constexpr std::uint16_t zip_flag_utf8 = 1u << 11;
constexpr std::uint16_t zip_stored = 0;
constexpr std::uint16_t zip_deflated = 8;

struct ZipDirectory {
    std::uint64_t entries = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

/// What the extra fields of one header say that we act on.
struct ZipExtra {
    std::optional<Bytes> zip64;
    std::optional<Bytes> unicode_path;
};

/// One member as the central directory has it; the views are into the file.
struct ZipMember {
    std::string_view name;
    std::uint16_t flags = 0;
    std::uint16_t method = 0;
    std::uint32_t crc32 = 0;
    std::uint64_t compressed_size = 0;
    std::uint64_t size = 0;
    std::uint64_t local_offset = 0;
    std::uint32_t external_attributes = 0;
    Bytes data = {};  ///< filled in by check_members
};

/// The end records, which must say the same and end the file.
Result<ZipDirectory> find_directory(Bytes file);
/// The members in the order of the directory, within the limits.
Result<std::vector<ZipMember>> read_directory(Bytes file, const ZipDirectory& directory,
                                              const Limits& limits);
/// Every local header and data descriptor agrees with its member, and together they fill the file
/// up to the directory.
Result<void> check_members(Bytes file, const ZipDirectory& directory,
                           std::vector<ZipMember>& members);

/// The fields must fill `extra`; a Unicode path must repeat `name`.
Result<ZipExtra> parse_zip_extra(Bytes extra, std::string_view name);

/// Takes the next number from a zip64 field if `value` is the sentinel of its 32-bit field.
Result<std::uint64_t> zip64_value(std::uint32_t value, Bytes& zip64);

}  // namespace envpack::archive
