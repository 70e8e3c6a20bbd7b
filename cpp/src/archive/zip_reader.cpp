#include "envpack/archive/zip_reader.hpp"

#include "envpack/base/text.hpp"
#include "zip_format.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

// The Unix mode is the upper half of the external attributes; stat.h values.
constexpr std::uint32_t type_mask = 0170000;
constexpr std::uint32_t type_directory = 0040000;
constexpr std::uint32_t type_regular = 0100000;
constexpr std::uint32_t any_exec = 0111;
constexpr std::uint32_t dos_directory = 0x10;
/// The one way to say "nothing" in DEFLATE with a final fixed block; some writers do for folders.
constexpr std::byte empty_deflate[] = {std::byte{0x03}, std::byte{0x00}};

Result<SafePath> path_of(const ZipMember& member, bool is_directory, const Limits& limits) {
    std::string_view name = member.name;
    const bool is_ascii = std::all_of(name.begin(), name.end(),
                                      [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    if (!is_ascii && (member.flags & zip_flag_utf8) == 0) {
        return refuse(
            "zip.name-encoding",
            fmt::format("zip member name `{}` is not marked as UTF-8", text::printable(name)));
    }
    if (is_directory) {
        name.remove_suffix(1);
    }
    Result<SafePath> path = SafePath::parse(name, limits);
    if (!path) {
        return fail(std::move(path).error().with_rule("zip.name"));
    }
    return path;
}

Result<void> check_type(const ZipMember& member, bool is_directory) {
    const std::uint32_t type = member.external_attributes >> 16 & type_mask;
    const std::uint32_t wanted = is_directory ? type_directory : type_regular;
    const bool dos_says_directory = (member.external_attributes & dos_directory) != 0;
    if ((type != 0 && type != wanted) || (dos_says_directory && !is_directory)) {
        return refuse("zip.file-type",
                      fmt::format("zip member `{}` has mode {:o} and attributes {:#x}",
                                  text::printable(member.name), member.external_attributes >> 16,
                                  member.external_attributes & 0xffU));
    }
    const bool is_empty =
        member.size == 0 && (member.data.empty() || std::ranges::equal(member.data, empty_deflate));
    if (is_directory && (!is_empty || member.crc32 != 0)) {
        return refuse("zip.directory-payload",
                      fmt::format("zip folder `{}` has bytes", text::printable(member.name)));
    }
    return {};
}

Result<ZipEntry> entry_of(const ZipMember& member, const std::shared_ptr<const MappedFile>& file,
                          const Limits& limits) {
    ZipEntry entry;
    entry.is_directory = member.name.ends_with('/');
    ENVPACK_TRY(entry.path, path_of(member, entry.is_directory, limits));
    ENVPACK_CHECK(check_type(member, entry.is_directory));
    const bool has_exec = (member.external_attributes >> 16 & any_exec) != 0;
    entry.mode = entry.is_directory || has_exec ? 0755 : 0644;
    entry.compressed_size = member.compressed_size;
    entry.crc32 = member.crc32;
    if (entry.is_directory) {
        return entry;
    }
    entry.content = member.method == zip_stored
                        ? Content::of_stored(file, member.data, member.crc32)
                        : Content::of_deflated({file, member.data, member.crc32}, member.size);
    return entry;
}

const ZipEntry* find_entry(const std::vector<ZipEntry>& entries, const SafePath& path) {
    const auto found = std::lower_bound(
        entries.begin(), entries.end(), path,
        [](const ZipEntry& entry, const SafePath& wanted) { return entry.path < wanted; });
    return found == entries.end() || found->path != path ? nullptr : &*found;
}

/// One entry a path, and nothing below a file. Sorted by path.
Result<void> check_tree(const std::vector<ZipEntry>& entries) {
    for (std::size_t i = 1; i < entries.size(); ++i) {
        if (entries[i - 1].path == entries[i].path) {
            return refuse("zip.duplicate-name",
                          fmt::format("zip archive has `{}` twice", entries[i].path.str()));
        }
    }
    for (const ZipEntry& entry : entries) {
        for (SafePath up = entry.path.parent(); !up.is_root(); up = up.parent()) {
            const ZipEntry* const above = find_entry(entries, up);
            if (above != nullptr && !above->is_directory) {
                return refuse("zip.file-as-directory",
                              fmt::format("zip archive has the file `{}`, and `{}` below it",
                                          up.str(), entry.path.str()));
            }
            if (above != nullptr) {
                break;  // a directory: what is above it is checked with it
            }
        }
    }
    return {};
}

Result<std::vector<ZipEntry>> read_entries(const std::shared_ptr<const MappedFile>& file,
                                           const Limits& limits) {
    const Bytes bytes = file->bytes();
    ENVPACK_TRY(const ZipDirectory directory, find_directory(bytes));
    ENVPACK_TRY(std::vector<ZipMember> members, read_directory(bytes, directory, limits));
    ENVPACK_CHECK(check_members(bytes, directory, members));
    std::vector<ZipEntry> entries;
    entries.reserve(members.size());
    for (const ZipMember& member : members) {
        ENVPACK_TRY(ZipEntry entry, entry_of(member, file, limits));
        entries.push_back(std::move(entry));
    }
    std::sort(entries.begin(), entries.end(),
              [](const ZipEntry& a, const ZipEntry& b) { return a.path < b.path; });
    ENVPACK_CHECK(check_tree(entries));
    return entries;
}

}  // namespace

Result<ZipReader> ZipReader::open(const std::filesystem::path& path, const Limits& limits) {
    ENVPACK_TRY(std::shared_ptr<const MappedFile> file, MappedFile::open(path));
    return open(std::move(file), path.filename().string(), limits);
}

Result<ZipReader> ZipReader::open(std::shared_ptr<const MappedFile> file, std::string_view name,
                                  const Limits& limits) {
    ENVPACK_TRY(std::vector<ZipEntry> entries,
                with_context(read_entries(file, limits), fmt::format("while opening `{}`", name)));
    file->release(file->bytes());  // the headers of all members lie all over it
    return ZipReader(std::move(entries));
}

const ZipEntry* ZipReader::find(const SafePath& path) const noexcept {
    return find_entry(entries_, path);
}

}  // namespace envpack::archive
