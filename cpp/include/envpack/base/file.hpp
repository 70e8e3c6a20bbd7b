#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace envpack {

/// An owned file descriptor. One thread.
class FileHandle {
public:
    FileHandle() noexcept = default;
    explicit FileHandle(int descriptor) noexcept : descriptor_(descriptor) {}
    FileHandle(FileHandle&& other) noexcept;
    FileHandle& operator=(FileHandle&& other) noexcept;
    ~FileHandle();
    int get() const noexcept { return descriptor_; }
    explicit operator bool() const noexcept { return descriptor_ >= 0; }

private:
    int descriptor_ = -1;
};

/// Opens a regular file for reading. not_found or io_error; a directory or a device is an
/// invalid_argument.
Result<FileHandle> open_for_reading(const std::filesystem::path& path);

/// Streams a file. One thread.
class FileSource final : public ByteSource {
public:
    static Result<FileSource> open(const std::filesystem::path& path);
    Result<std::size_t> read(std::span<std::byte> into) override;
    std::uint64_t size() const noexcept { return size_; }  ///< when it was opened

private:
    FileSource(FileHandle file, std::string path, std::uint64_t size);
    FileHandle file_;
    std::string path_;
    std::uint64_t size_;
};

/// Writes to an open descriptor that outlives it; `path` is for messages. finish() does nothing:
/// nothing is buffered, nothing synced. One thread.
class HandleSink final : public ByteSink {
public:
    HandleSink(const FileHandle& file, std::string path)
        : file_(file.get()), path_(std::move(path)) {}
    Result<void> write(std::span<const std::byte> data) override;
    Result<void> finish() override { return {}; }

private:
    int file_;
    std::string path_;
};

/// Random access to a file's bytes: a read-only mapping. A file that shrinks afterwards makes the
/// process fail, so map only files that nobody else changes (the cache, an input named by the
/// user). Thread-safe.
class MappedFile {
public:
    static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    std::span<const std::byte> bytes() const noexcept { return bytes_; }
    /// The pages of `part`, which lies in bytes(), are not needed soon: they no longer count as
    /// this process's memory, and come from the file again when they are read.
    void release(std::span<const std::byte> part) const noexcept;

private:
    explicit MappedFile(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}
    std::span<const std::byte> bytes_;
};

/// The whole file; limit_exceeded beyond `max_size` bytes.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_size);

/// What is left of a published file when the machine itself stops.
enum class Durability {
    synced,   ///< the file, once its name was published
    checked,  ///< perhaps a torn file: its reader has to check it, and to do without it
};

/// A file that appears under its name whole or not at all: written beside the target without a
/// name (O_TMPFILE), so that nothing is left of a process that is killed; where the file system
/// has no such files, under a temporary name. Then synced and given its name. Mode 0644 less the
/// umask. The destructor removes an uncommitted file. One thread.
class AtomicFile final : public ByteSink {
public:
    static Result<AtomicFile> create(std::filesystem::path target,
                                     Durability durability = Durability::synced);
    AtomicFile(AtomicFile&&) noexcept;
    AtomicFile& operator=(AtomicFile&&) = delete;
    ~AtomicFile() override;

    Result<void> write(std::span<const std::byte> data) override;
    /// fdatasync where it is to be synced; the file is still under its temporary name.
    Result<void> finish() override;
    /// finish(), the name of the target, and where it is to be synced fsync of the folder. The
    /// only call that publishes.
    Result<void> commit();
    /// As commit(), under another name of the same file system (content-addressed stores).
    Result<void> commit_as(const std::filesystem::path& target);
    /// Where this process can open the bytes until the commit.
    std::filesystem::path temporary_path() const;

private:
    AtomicFile(FileHandle file, std::filesystem::path temporary, std::filesystem::path target,
               Durability durability);
    FileHandle file_;
    std::filesystem::path temporary_;  // empty: the file has no name
    std::filesystem::path target_;
    Durability durability_;
};

/// AtomicFile in one call.
Result<void> write_file(const std::filesystem::path& path, std::string_view content,
                        Durability durability = Durability::synced);

/// Absolute and lexically normal, without a `/` at the end: `a/.` and `a/` are the folder `a`.
/// Links are not followed, nothing has to exist; not_found where the working folder is gone.
Result<std::filesystem::path> absolute_path(const std::filesystem::path& path);

/// Creates the folder and its parents; an existing folder is fine.
Result<void> ensure_directory(const std::filesystem::path& path);

/// A fresh folder, removed with all its content by the destructor unless released. One thread.
class TemporaryDirectory {
public:
    static Result<TemporaryDirectory> create(const std::filesystem::path& parent);
    TemporaryDirectory(TemporaryDirectory&& other) noexcept;
    TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
    ~TemporaryDirectory();
    const std::filesystem::path& path() const noexcept { return path_; }
    /// Hands the folder over: it is no longer removed.
    std::filesystem::path release() &&;

private:
    explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

}  // namespace envpack
