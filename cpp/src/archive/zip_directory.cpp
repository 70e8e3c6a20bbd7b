#include "decoders.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/text.hpp"
#include "little_endian.hpp"
#include "zip_format.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

constexpr std::uint32_t header_magic = 0x0201'4b50;
constexpr std::size_t header_size = 46;
constexpr std::uint16_t flag_encrypted = 1u << 0;
constexpr std::uint16_t flag_strong_encryption = 1u << 6;
constexpr std::uint16_t flag_masked = 1u << 13;
// Bits 1 and 2 tell how hard the compressor tried.
constexpr std::uint16_t known_flags = 1u << 1 | 1u << 2 | zip_flag_descriptor | zip_flag_utf8;

Result<void> check_kind(const ZipMember& member, std::uint16_t disk) {
    if ((member.flags & (flag_encrypted | flag_strong_encryption | flag_masked)) != 0) {
        return refuse("zip.encrypted", "zip member is encrypted", ErrorCode::unsupported);
    }
    if ((member.flags & ~unsigned{known_flags}) != 0) {
        return refuse("zip.flags", fmt::format("zip member has the flags {:04x}", member.flags),
                      ErrorCode::unsupported);
    }
    if (member.method != zip_stored && member.method != zip_deflated) {
        return refuse("zip.method", fmt::format("zip member has method {}", member.method),
                      ErrorCode::unsupported);
    }
    if (disk != 0) {
        return refuse("zip.multi-disk", "zip archive spans several disks");
    }
    const bool possible = member.method == zip_stored
                              ? member.compressed_size == member.size
                              : is_possible_inflation(member.compressed_size, member.size);
    if (!possible) {
        return refuse("zip.size", fmt::format("zip member cannot have {} bytes in {}", member.size,
                                              member.compressed_size));
    }
    return {};
}

/// The next member, taken off the front of `rest`.
Result<ZipMember> next_member(Bytes& rest) {
    if (rest.size() < header_size || le32(rest, 0) != header_magic) {
        return refuse("zip.directory", "zip directory is malformed");
    }
    const std::size_t name_size = le16(rest, 28);
    const std::size_t extra_size = le16(rest, 30);
    const std::size_t comment_size = le16(rest, 32);
    if (rest.size() - header_size < name_size + extra_size + comment_size) {
        return refuse("zip.directory", "zip directory is cut off");
    }
    ZipMember member;
    member.name = as_text(rest.subspan(header_size, name_size));
    member.flags = le16(rest, 8);
    member.method = le16(rest, 10);
    member.crc32 = le32(rest, 16);
    member.external_attributes = le32(rest, 38);

    ENVPACK_TRY(const ZipExtra extra,
                parse_zip_extra(rest.subspan(header_size + name_size, extra_size), member.name));
    Bytes zip64 = extra.zip64.value_or(Bytes{});
    // Section 4.5.3: only the values whose fields are all ones, in this order.
    ENVPACK_TRY(member.size, zip64_value(le32(rest, 24), zip64));
    ENVPACK_TRY(member.compressed_size, zip64_value(le32(rest, 20), zip64));
    ENVPACK_TRY(member.local_offset, zip64_value(le32(rest, 42), zip64));
    std::uint16_t disk = le16(rest, 34);
    if (disk == 0xffff && zip64.size() == 4) {
        disk = le32(zip64, 0) == 0 ? 0 : 1;
        zip64 = {};
    }
    if (!zip64.empty()) {
        return refuse("zip.zip64", "zip64 extra field has values that nothing asks for");
    }
    const std::string_view comment =
        as_text(rest.subspan(header_size + name_size + extra_size, comment_size));
    if (std::any_of(comment.begin(), comment.end(), [](char c) { return c < 0x20 || c > 0x7e; })) {
        return refuse("zip.comment", "zip member has a comment that is not plain ASCII");
    }
    ENVPACK_CHECK(check_kind(member, disk));
    rest = rest.subspan(header_size + name_size + extra_size + comment_size);
    return member;
}

}  // namespace

Result<std::vector<ZipMember>> read_directory(Bytes file, const ZipDirectory& directory,
                                              const Limits& limits) {
    if (directory.entries > limits.max_entries) {
        return refuse("zip.too-many-entries",
                      fmt::format("zip archive has {} members", directory.entries),
                      ErrorCode::limit_exceeded);
    }
    Bytes rest = file.subspan(static_cast<std::size_t>(directory.offset),
                              static_cast<std::size_t>(directory.size));
    std::vector<ZipMember> members;
    // A claim of many members needs a directory of that size.
    members.reserve(static_cast<std::size_t>(
        std::min<std::uint64_t>(directory.entries, rest.size() / header_size)));
    std::uint64_t size = 0;
    std::uint64_t compressed = 0;
    while (!rest.empty()) {
        Result<ZipMember> member = next_member(rest);
        if (!member) {
            return fail(std::move(member).error().with_context(
                fmt::format("while reading zip member {}", members.size() + 1)));
        }
        if (member->size > limits.max_entry_size) {
            return refuse("zip.entry-too-large",
                          fmt::format("zip member `{}` has {} bytes", text::printable(member->name),
                                      member->size),
                          ErrorCode::limit_exceeded);
        }
        // Neither sum can wrap: what is above the limits is refused at once.
        size += member->size;
        compressed += std::min(member->compressed_size, std::uint64_t{file.size()});
        if (size > limits.max_total_size) {
            return refuse(
                "zip.too-large",
                fmt::format("zip archive unpacks to more than {} bytes", limits.max_total_size),
                ErrorCode::limit_exceeded);
        }
        members.push_back(*std::move(member));
    }
    if (members.size() != directory.entries) {
        return refuse("zip.directory", fmt::format("zip directory has {} members instead of {}",
                                                   members.size(), directory.entries));
    }
    if (size > Limits::ratio_from && size / limits.max_ratio > compressed) {
        return refuse(
            "zip.ratio",
            fmt::format("zip archive unpacks to more than {} times its size", limits.max_ratio),
            ErrorCode::limit_exceeded);
    }
    return members;
}

}  // namespace envpack::archive
