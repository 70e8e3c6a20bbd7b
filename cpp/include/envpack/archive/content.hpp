#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace envpack::archive {

/// The bytes of a planned file, wherever they are now: generated text, a file on disk, a member of
/// a zip archive (stored or deflated), or something that is looked for when it is wanted. Cheap to
/// copy; open() may be called many times. Thread-safe.
class Content {
public:
    /// Raw DEFLATE data (RFC 1951) inside a mapped archive.
    struct Deflated {
        std::shared_ptr<const MappedFile> owner;
        std::span<const std::byte> data;
        std::uint32_t crc32 = 0;
    };

    Content() = default;  ///< empty
    static Content of_text(std::string text);
    static Content of_file(std::filesystem::path path, std::uint64_t size);
    /// A regular file that was looked at just now, and that nobody writes into.
    static Content of_kept_file(std::string path, std::uint64_t size, std::uint32_t mode);
    static Content of_stored(std::shared_ptr<const MappedFile> owner,
                             std::span<const std::byte> data, std::uint32_t crc32);
    static Content of_deflated(Deflated deflated, std::uint64_t size);

    /// Finds contents that nobody has looked for yet, by their number.
    using Finder = std::function<Result<Content>(std::size_t number)>;
    /// What `finder` gives for `number`, once it is wanted; `size` is known before.
    static Content of_later(std::shared_ptr<const Finder> finder, std::size_t number,
                            std::uint64_t size);

    std::uint64_t size() const noexcept { return size_; }
    /// Itself, or what the finder of a later one gives: io_error when that has another size.
    Result<Content> found() const;
    /// The finder of a later content; nullptr for other kinds.
    const Finder* finder() const noexcept {
        const Later* const later = std::get_if<Later>(&data_);
        return later == nullptr ? nullptr : later->finder.get();
    }
    /// The plain bytes. A deflated or stored member is checked on the way: exactly its compressed
    /// size consumed, exactly size() bytes produced, CRC-32 right, else digest_mismatch. A file
    /// that no longer has size() bytes fails with io_error.
    Result<std::unique_ptr<ByteSource>> open() const;
    /// Its bytes in a mapped archive are not needed soon (MappedFile::release); nothing for others.
    void release() const noexcept;
    /// The mapped archive that it is in; nullptr for other kinds.
    const MappedFile* archive() const noexcept;
    /// For the encoder that moves DEFLATE bytes untouched; nullptr for other kinds.
    const Deflated* deflated() const noexcept { return std::get_if<Deflated>(&data_); }
    /// Where the bytes lie as a file of their own; nullptr for other kinds.
    const std::string* file() const noexcept {
        const FilePtr* const file = std::get_if<FilePtr>(&data_);
        return file == nullptr ? nullptr : &(*file)->path;
    }
    /// The mode of a kept file; nullopt for other kinds.
    std::optional<std::uint32_t> kept_mode() const noexcept {
        const FilePtr* const file = std::get_if<FilePtr>(&data_);
        return file == nullptr ? std::nullopt : (*file)->kept_mode;
    }

private:
    struct File {
        std::string path;
        std::optional<std::uint32_t> kept_mode = std::nullopt;
    };
    using FilePtr = std::shared_ptr<const File>;
    struct Stored {
        std::shared_ptr<const MappedFile> owner;
        std::span<const std::byte> data;
        std::uint32_t crc32 = 0;
    };
    struct Later {
        std::shared_ptr<const Finder> finder;
        std::size_t number = 0;
    };
    std::variant<std::shared_ptr<const std::string>, FilePtr, Stored, Deflated, Later> data_;
    std::uint64_t size_ = 0;
};

/// Numbers, as layers have them. Value; not synchronised.
struct FileOwner {
    std::uint64_t uid = 0;
    std::uint64_t gid = 0;
    friend bool operator==(const FileOwner&, const FileOwner&) = default;
};

/// One path of a tree that envpack is about to write, as a layer or onto disk. The mtime is that of
/// the writing, not of the entry, so that it cannot vary. Value; not synchronised.
struct PlannedEntry {
    SafePath path;
    FileType type = FileType::regular;            ///< regular, directory or symlink
    std::uint32_t mode = 0644;                    ///< of packages 0644 or 0755 (0777 for links)
    Content content = {};                         ///< of a regular file
    std::string link_target = {};                 ///< of a symlink
    std::optional<Digest> sha256 = std::nullopt;  ///< what RECORD promises; checked while writing
    /// In a layer; nullopt: that of the writing. Nothing on disk has another owner than its writer.
    std::optional<FileOwner> owner = std::nullopt;
    /// A file of the base at that path is an older one of ours and gives way.
    bool replaces = false;
};

/// A regular file with `text`, and its digest.
PlannedEntry planned_text(SafePath path, std::string text, std::uint32_t mode = 0644);

/// Of the contents of all entries, in plain bytes.
std::uint64_t plain_size(std::span<const PlannedEntry> entries) noexcept;

/// Whether the regular file `path` of `tree` (`info`: of it) has the bytes of a planned one.
Result<bool> has_same_bytes(const FileTree& tree, const SafePath& path, const FileInfo& info,
                            const PlannedEntry& entry);

/// Sorted bytewise by path, a directory before its children, one entry a path. Two equal
/// directories, or two files with equal bytes (by sha256) and mode, are merged; anything else at
/// one path is an invalid_argument with rule `plan.path-conflict`.
Result<std::vector<PlannedEntry>> merge_entries(std::vector<PlannedEntry> entries);

}  // namespace envpack::archive
