#include "envpack/base/bytes.hpp"
#include "little_endian.hpp"
#include "zip_format.hpp"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

constexpr std::string_view end_magic = "PK\x05\x06";
constexpr std::uint32_t locator_magic = 0x0706'4b50;
constexpr std::uint32_t end64_magic = 0x0606'4b50;
constexpr std::size_t end_size = 22;
constexpr std::size_t locator_size = 20;
constexpr std::size_t end64_size = 56;
constexpr std::size_t max_comment = 0xffff;

/// Section 4.4.1.4: a field that is all ones has its value in the zip64 record.
template <class Narrow>
bool agrees(Narrow narrow, std::uint64_t wide) {
    return narrow == static_cast<Narrow>(~Narrow{0}) || narrow == wide;
}

Result<std::size_t> find_end(Bytes file) {
    if (file.size() < end_size) {
        return refuse("zip.end-record", "file is too short for a zip archive");
    }
    const std::size_t first = file.size() - std::min(file.size(), end_size + max_comment);
    // The last signature counts, and nothing may be hidden behind it: a comment with a signature
    // would let another reader find another end.
    const std::size_t found = as_text(file.subspan(first)).rfind(end_magic);
    if (found == std::string_view::npos) {
        return refuse("zip.end-record", "file is no zip archive, or is cut off",
                      ErrorCode::parse_error);
    }
    const std::size_t end = first + found;
    if (file.size() - end < end_size) {
        return refuse("zip.end-record", "zip end record is cut off, or in a comment");
    }
    const Bytes comment = file.subspan(end + end_size);
    if (le16(file, end + 20) != comment.size()) {
        return refuse(
            "zip.trailing-bytes",
            fmt::format("zip archive is followed by {} bytes that are no comment", comment.size()));
    }
    const bool plain = std::all_of(comment.begin(), comment.end(), [](std::byte b) {
        return (b >= std::byte{0x20} && b < std::byte{0x7f}) || b == std::byte{'\n'} ||
               b == std::byte{'\r'} || b == std::byte{'\t'};
    });
    if (!plain) {
        return refuse("zip.comment", "zip archive has a comment that is not plain ASCII");
    }
    return end;
}

}  // namespace

Result<ZipDirectory> find_directory(Bytes file) {
    ENVPACK_TRY(const std::size_t end, find_end(file));
    const std::uint16_t here = le16(file, end + 8);
    const std::uint16_t total = le16(file, end + 10);
    const std::uint32_t size = le32(file, end + 12);
    const std::uint32_t offset = le32(file, end + 16);
    const std::uint16_t disk = le16(file, end + 4);
    const std::uint16_t directory_disk = le16(file, end + 6);

    ZipDirectory directory{.entries = total, .offset = offset, .size = size};
    std::uint64_t directory_end = end;
    if (end >= locator_size && le32(file, end - locator_size) == locator_magic) {
        const std::size_t locator = end - locator_size;
        const std::uint64_t record = le64(file, locator + 8);
        // Exactly before its locator: else two readers take two records (CVE-2025-8291).
        if (le32(file, locator + 4) != 0 || le32(file, locator + 16) > 1 || locator < end64_size ||
            record != locator - end64_size || le32(file, locator - end64_size) != end64_magic) {
            return refuse("zip.zip64", "zip64 end record is not where its locator says");
        }
        const Bytes wide = file.subspan(locator - end64_size, end64_size);
        // Extensible data would make the record longer.
        if (le64(wide, 4) != end64_size - 12) {
            return refuse("zip.zip64", "zip64 end record has a wrong length");
        }
        directory = {.entries = le64(wide, 32), .offset = le64(wide, 48), .size = le64(wide, 40)};
        if (le32(wide, 16) != 0 || le32(wide, 20) != 0) {
            return refuse("zip.multi-disk", "zip archive spans several disks");
        }
        if (le64(wide, 24) != directory.entries || !agrees(here, directory.entries) ||
            !agrees(total, directory.entries) || !agrees(size, directory.size) ||
            !agrees(offset, directory.offset) || !agrees(disk, 0) || !agrees(directory_disk, 0)) {
            return refuse("zip.zip64", "the two end records of the zip archive disagree");
        }
        directory_end = locator - end64_size;
    } else if (disk != 0 || directory_disk != 0 || here != total) {
        return refuse("zip.multi-disk", "zip archive spans several disks");
    }
    if (directory.size > directory_end || directory.offset > directory_end - directory.size) {
        return refuse("zip.directory", "zip directory does not lie within the file");
    }
    if (directory.offset + directory.size != directory_end) {
        return refuse("zip.prepended-bytes",
                      fmt::format("zip directory ends at byte {}, the end record is at {}",
                                  directory.offset + directory.size, directory_end));
    }
    return directory;
}

}  // namespace envpack::archive
