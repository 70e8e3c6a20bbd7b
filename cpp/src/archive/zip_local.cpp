#include "envpack/base/bytes.hpp"
#include "envpack/base/text.hpp"
#include "little_endian.hpp"
#include "zip_format.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

constexpr std::uint32_t local_magic = 0x0403'4b50;
constexpr std::uint32_t descriptor_magic = 0x0807'4b50;
constexpr std::size_t local_size = 30;

/// With a data descriptor the values may be missing here, but may not be others.
bool agrees(std::uint64_t local, std::uint64_t central, bool has_descriptor) {
    return local == central || (has_descriptor && local == 0);
}

/// The descriptor's bit is about what follows the data, so directories may lack it, not claim it.
bool same_flags(std::uint16_t local, std::uint16_t central) {
    return local == central || local == (central | zip_flag_descriptor);
}

Result<void> check_descriptor(const ZipMember& member, Bytes record, bool zip64) {
    // Sizes of 8 bytes if the local header has a zip64 field (section 4.3.9.2), always with the
    // signature: without it readers must guess.
    const std::size_t width = zip64 ? 8 : 4;
    const bool right = record.size() == 8 + 2 * width && le32(record, 0) == descriptor_magic &&
                       le32(record, 4) == member.crc32 &&
                       (zip64 ? le64(record, 8) : le32(record, 8)) == member.compressed_size &&
                       (zip64 ? le64(record, 16) : le32(record, 12)) == member.size;
    if (!right) {
        return refuse("zip.data-descriptor", "zip data descriptor differs from the directory");
    }
    return {};
}

/// `record` is all that lies before the next member: header, data, descriptor.
Result<void> check_member(ZipMember& member, Bytes record) {
    if (record.size() < local_size || le32(record, 0) != local_magic) {
        return refuse("zip.local-header", "zip member has no header where the directory says");
    }
    const std::size_t name_size = le16(record, 26);
    const std::size_t extra_size = le16(record, 28);
    const std::size_t start = local_size + name_size + extra_size;
    if (record.size() < start) {
        return refuse("zip.overlap", "zip member overlaps the next");
    }
    const std::string_view name = as_text(record.subspan(local_size, name_size));
    if (name != member.name || !same_flags(le16(record, 6), member.flags) ||
        le16(record, 8) != member.method) {
        return refuse("zip.local-header", "zip member header differs from the directory");
    }
    ENVPACK_TRY(const ZipExtra extra,
                parse_zip_extra(record.subspan(local_size + name_size, extra_size), name));
    Bytes zip64 = extra.zip64.value_or(Bytes{});
    ENVPACK_TRY(const std::uint64_t size, zip64_value(le32(record, 22), zip64));
    ENVPACK_TRY(const std::uint64_t compressed, zip64_value(le32(record, 18), zip64));
    // Some writers (Bazel's zipper: the wheels of protobuf) repeat plain sizes as ZIP64 values.
    // They are harmless when they say the same, and are refused like any other difference when not.
    const bool repeats =
        zip64.size() == 16 && le64(zip64, 0) == size && le64(zip64, 8) == compressed;
    if (!zip64.empty() && !repeats) {
        return refuse("zip.zip64", "zip64 extra field has values that nothing asks for");
    }
    const bool has_descriptor = (le16(record, 6) & zip_flag_descriptor) != 0;
    if (!agrees(le32(record, 14), member.crc32, has_descriptor) ||
        !agrees(size, member.size, has_descriptor) ||
        !agrees(compressed, member.compressed_size, has_descriptor)) {
        return refuse("zip.local-header", "zip member header differs from the directory");
    }
    if (record.size() - start < member.compressed_size) {
        return refuse("zip.overlap", "zip member overlaps the next");
    }
    member.data = record.subspan(start, static_cast<std::size_t>(member.compressed_size));
    const Bytes rest = record.subspan(start + member.data.size());
    if (has_descriptor) {
        return check_descriptor(member, rest, extra.zip64.has_value());
    }
    if (!rest.empty()) {
        return refuse("zip.gap", fmt::format("{} bytes follow the zip member", rest.size()));
    }
    return {};
}

}  // namespace

Result<void> check_members(Bytes file, const ZipDirectory& directory,
                           std::vector<ZipMember>& members) {
    std::vector<ZipMember*> by_offset;
    by_offset.reserve(members.size());
    for (ZipMember& member : members) {
        by_offset.push_back(&member);
    }
    std::sort(by_offset.begin(), by_offset.end(), [](const ZipMember* a, const ZipMember* b) {
        return a->local_offset < b->local_offset;
    });
    const std::uint64_t first = by_offset.empty() ? directory.offset : by_offset[0]->local_offset;
    if (first != 0) {
        return refuse("zip.prepended-bytes",
                      fmt::format("zip archive begins with {} bytes of something else", first));
    }
    for (std::size_t i = 0; i < by_offset.size(); ++i) {
        ZipMember& member = *by_offset[i];
        const std::uint64_t end =
            i + 1 < by_offset.size() ? by_offset[i + 1]->local_offset : directory.offset;
        if (end <= member.local_offset || end > directory.offset) {
            return refuse("zip.overlap", fmt::format("zip member `{}` overlaps the next",
                                                     text::printable(member.name)));
        }
        ENVPACK_CHECK(with_context(
            check_member(member, file.subspan(static_cast<std::size_t>(member.local_offset),
                                              static_cast<std::size_t>(end - member.local_offset))),
            fmt::format("while reading zip member `{}`", text::printable(member.name))));
    }
    return {};
}

}  // namespace envpack::archive
