#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace envpack::archive {

/// One member of a tar archive, as written. Value; not synchronised.
struct TarEntry {
    std::string path = {};  ///< raw: may be absolute, hold `..`, end in `/`, be invalid UTF-8
    FileType type = FileType::regular;  ///< of a hard link: regular
    bool hard_link = false;             ///< then link_target is the path of the other member
    std::uint64_t size = 0;             ///< of a regular file, else 0
    std::uint32_t mode = 0;             ///< permission bits with setuid, setgid and sticky
    std::uint64_t uid = 0;
    std::uint64_t gid = 0;
    std::int64_t mtime = 0;  ///< whole seconds, rounded down
    std::string link_target = {};
    std::vector<std::pair<std::string, std::string>> xattrs = {};  ///< without `SCHILY.xattr.`
};

/// Reads a tar archive (ustar, PAX, GNU long names, v7), compressed or not, as Go's archive/tar
/// does, since that is what unpacks images: an archive that it would read otherwise, or that
/// parsers read differently, is refused (reliability.md T6, T7, T9). One thread.
///
/// Rules: tar.checksum, tar.number, tar.truncated, tar.type (sparse, volume and unknown members),
/// tar.payload (bytes on a member that has none), tar.pax, tar.pax-duplicate, tar.pax-global (a
/// global header that would change members), tar.pax-order, tar.end (one zero block alone, or
/// bytes after the end), tar.name; archive.too-many-entries, archive.entry-too-large,
/// archive.too-large, archive.ratio from Limits.
/// Unsupported on purpose: sparse members, continuation volumes, global headers that rename.
class TarReader {
public:
    /// `from` may be plain, gzip or zstd: see decompressed().
    static Result<TarReader> open(std::unique_ptr<ByteSource> from, const Limits& limits = {});
    TarReader(TarReader&&) noexcept;
    TarReader& operator=(TarReader&&) noexcept;
    ~TarReader();

    /// The next member; the rest of the one before is skipped. nullptr after the last, once the
    /// stream has been read to its end. Valid until the next call.
    Result<const TarEntry*> next();
    /// Bytes of the current member; 0 at its end.
    Result<std::size_t> read(std::span<std::byte> into);
    /// The rest of the current member; the reader is spent.
    std::unique_ptr<ByteSource> take_current() &&;
    /// Bytes of the plain archive read so far.
    std::uint64_t position() const noexcept;

private:
    struct State;
    explicit TarReader(std::unique_ptr<State> state) noexcept;
    std::unique_ptr<State> state_;
};

}  // namespace envpack::archive
