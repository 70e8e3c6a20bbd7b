#include "tar_header.hpp"

#include "envpack/base/bytes.hpp"

#include <limits>
#include <optional>
#include <string_view>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

// POSIX.1-2017, pax, "ustar Interchange Format": offset and length of the fields.
struct Field {
    std::size_t offset;
    std::size_t length;
};
constexpr Field name_field{0, 100};
constexpr Field mode_field{100, 8};
constexpr Field uid_field{108, 8};
constexpr Field gid_field{116, 8};
constexpr Field size_field{124, 12};
constexpr Field mtime_field{136, 12};
constexpr Field checksum_field{148, 8};
constexpr std::size_t type_offset = 156;
constexpr Field link_field{157, 100};
constexpr Field magic_field{257, 6};
constexpr Field prefix_field{345, 155};
constexpr Field star_prefix_field{345, 131};
constexpr Field star_trailer_field{508, 4};

std::string_view raw(std::string_view block, Field field) {
    return block.substr(field.offset, field.length);
}

std::string_view text_of(std::string_view block, Field field) {
    const std::string_view value = raw(block, field);
    return value.substr(0, value.find('\0'));
}

std::optional<std::int64_t> parse_base256(std::string_view value) {
    const bool negative = (static_cast<unsigned char>(value[0]) & 0x40U) != 0;
    // Two's complement over the whole field; what does not fit 63 bits is refused.
    std::uint64_t bits = negative ? ~std::uint64_t{0} : 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        auto byte = static_cast<unsigned char>(value[i]);
        if (i == 0) {
            byte = static_cast<unsigned char>(negative ? byte | 0x80U : byte & 0x7fU);
        }
        const std::uint64_t top = bits >> 55;
        if (top != (negative ? 0x1ffU : 0U)) {
            return std::nullopt;
        }
        bits = bits << 8 | byte;
    }
    return static_cast<std::int64_t>(bits);
}

/// As Go's parseNumeric: spaces and NULs around octal digits, or base 256.
std::optional<std::int64_t> parse_number(std::string_view value) {
    if ((static_cast<unsigned char>(value[0]) & 0x80U) != 0) {
        return parse_base256(value);
    }
    constexpr std::string_view blank(" \0", 2);
    const std::size_t first = value.find_first_not_of(blank);
    if (first == std::string_view::npos) {
        return 0;
    }
    value = value.substr(first, value.find_last_not_of(blank) - first + 1);
    value = value.substr(0, value.find('\0'));
    std::int64_t number = 0;
    for (const char c : value) {
        if (c < '0' || c > '7' || number > (std::numeric_limits<std::int64_t>::max() >> 3)) {
            return std::nullopt;
        }
        number = number << 3 | (c - '0');
    }
    return number;
}

Result<std::uint64_t> unsigned_field(std::string_view block, Field field, std::string_view name) {
    const std::optional<std::int64_t> number = parse_number(raw(block, field));
    if (!number || *number < 0) {
        return refuse("tar.number", fmt::format("tar header has a malformed {}", name));
    }
    return static_cast<std::uint64_t>(*number);
}

}  // namespace

std::uint32_t tar_checksum(std::span<const std::byte> block) noexcept {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < block.size(); ++i) {
        const bool own =
            i >= checksum_field.offset && i < checksum_field.offset + checksum_field.length;
        sum += own ? std::uint32_t{' '} : std::to_integer<std::uint32_t>(block[i]);
    }
    return sum;
}

Result<RawTarHeader> parse_tar_header(std::span<const std::byte> bytes) {
    const std::string_view block = as_text(bytes);
    const std::optional<std::int64_t> checksum = parse_number(raw(block, checksum_field));
    // Only the unsigned sum: archives with the signed one of old Sun tars are not layers.
    if (!checksum || *checksum != tar_checksum(bytes)) {
        return refuse("tar.checksum", "tar header does not match its checksum");
    }
    RawTarHeader header;
    header.name = text_of(block, name_field);
    header.link_name = text_of(block, link_field);
    header.type = block[type_offset];
    ENVPACK_TRY(const std::uint64_t mode, unsigned_field(block, mode_field, "mode"));
    header.mode = static_cast<std::uint32_t>(mode & 07777U);
    ENVPACK_TRY(header.uid, unsigned_field(block, uid_field, "uid"));
    ENVPACK_TRY(header.gid, unsigned_field(block, gid_field, "gid"));
    ENVPACK_TRY(header.size, unsigned_field(block, size_field, "size"));
    const std::optional<std::int64_t> mtime = parse_number(raw(block, mtime_field));
    if (!mtime) {
        return refuse("tar.number", "tar header has a malformed mtime");
    }
    header.mtime = *mtime;
    // GNU ("ustar  ") keeps times where ustar has its prefix, v7 (no magic) has nothing there.
    if (raw(block, magic_field) == std::string_view("ustar\0", 6)) {
        const bool star = raw(block, star_trailer_field) == std::string_view("tar\0", 4);
        const std::string_view prefix = text_of(block, star ? star_prefix_field : prefix_field);
        if (!prefix.empty()) {
            header.name = fmt::format("{}/{}", prefix, header.name);
        }
    }
    return header;
}

}  // namespace envpack::archive
