#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace envpack::archive {

/// One member of a zip archive. Value; not synchronised.
struct ZipEntry {
    SafePath path;
    bool is_directory = false;
    /// 0644 or 0755: the only thing that is taken from the external attributes is whether the file
    /// has any exec bit. Directories: 0755.
    std::uint32_t mode = 0644;
    std::uint64_t compressed_size = 0;
    std::uint32_t crc32 = 0;
    Content content = {};  ///< of a file
};

/// A strict reader of zip archives (facts: reliability.md Z1 to Z12, F1). The central directory
/// decides, every local header must agree with it, and members sorted by offset tile the file
/// exactly up to the directory: what two readers could read differently is refused. Thread-safe.
///
/// Checked by open(): everything but the DEFLATE data itself, which Content checks while it is
/// read. Rules: zip.end-record, zip.multi-disk, zip.zip64, zip.directory, zip.trailing-bytes,
/// zip.prepended-bytes, zip.overlap, zip.gap, zip.local-header, zip.data-descriptor, zip.extra,
/// zip.unicode-extra, zip.name, zip.name-encoding, zip.duplicate-name, zip.file-as-directory,
/// zip.directory-payload, zip.file-type, zip.method, zip.encrypted, zip.flags, zip.size,
/// zip.comment; and the limits zip.too-many-entries, zip.entry-too-large, zip.too-large, zip.ratio.
/// Names that differ only in case or in their Unicode form are accepted here.
class ZipReader {
public:
    static Result<ZipReader> open(const std::filesystem::path& path, const Limits& limits = {});
    /// `name` stands for the archive in messages.
    static Result<ZipReader> open(std::shared_ptr<const MappedFile> file, std::string_view name,
                                  const Limits& limits = {});

    /// Sorted bytewise by path.
    const std::vector<ZipEntry>& entries() const noexcept { return entries_; }
    /// nullptr when there is none.
    const ZipEntry* find(const SafePath& path) const noexcept;

private:
    explicit ZipReader(std::vector<ZipEntry> entries) noexcept : entries_(std::move(entries)) {}
    std::vector<ZipEntry> entries_;
};

}  // namespace envpack::archive
