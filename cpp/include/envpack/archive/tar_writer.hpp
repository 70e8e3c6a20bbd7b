#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/safe_path.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace envpack::archive {

/// Layer format version: the bytes below, and the files that builds write into layers, are a
/// promise (design rule 10). Whatever changes a byte changes this number. 2: pins of packages that
/// have a layer of their own.
inline constexpr int tar_format_version = 2;

inline constexpr std::size_t tar_block = 512;

/// One member to be written. Value; not synchronised.
struct TarHeader {
    SafePath path;                      ///< not the root
    FileType type = FileType::regular;  ///< regular, directory or symlink
    std::uint32_t mode = 0644;
    std::uint64_t uid = 0;
    std::uint64_t gid = 0;
    std::int64_t mtime = 0;
    std::uint64_t size = 0;                          ///< of a regular file, else 0
    std::string link_target = {};                    ///< of a symlink
    std::map<std::string, std::string> xattrs = {};  ///< written as SCHILY.xattr.<name>
};

/// The header blocks of a member: ustar, before it a PAX header when ustar cannot say it (path
/// beyond the 155+100 split, non-ASCII text, long link, numbers too large, xattrs). No names of
/// users, no device numbers, a fixed PAX member name. A multiple of 512 bytes.
/// Source: POSIX.1-2017, pax, "ustar Interchange Format"; image-spec layer.md.
std::string tar_header_bytes(const TarHeader& header);

/// The number of zero bytes after `size` bytes of content.
constexpr std::size_t tar_padding(std::uint64_t size) noexcept {
    return static_cast<std::size_t>((tar_block - size % tar_block) % tar_block);
}

/// Two zero blocks end an archive; no padding to records of 10 KiB.
inline constexpr std::size_t tar_end_size = 2 * tar_block;

}  // namespace envpack::archive
