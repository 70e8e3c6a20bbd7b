#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace envpack {

/// Random access to bytes in memory or in an open file. A file is read, not mapped: one that
/// shrinks while it is read fails with io_error and does no harm. Cheap to copy; thread-safe.
class ByteRegion {
public:
    ByteRegion() = default;  ///< empty
    explicit ByteRegion(SharedText text);
    /// All of a regular file as it is now; `path` is for messages.
    static Result<ByteRegion> of_file(FileHandle file, std::string path);

    std::uint64_t size() const noexcept { return size_; }
    /// The part that begins at `offset`, at most `size` bytes; what lies outside is cut off.
    ByteRegion part(std::uint64_t offset, std::uint64_t size) const;
    /// `length` bytes from `offset` on, fewer at the end. They lie in memory that the region keeps,
    /// or in `buffer`, and are valid as long as both are untouched.
    Result<std::span<const std::byte>> read(std::uint64_t offset, std::size_t length,
                                            std::vector<std::byte>& buffer) const;

private:
    struct File {
        FileHandle handle;
        std::string path;
    };
    SharedText text_;
    std::shared_ptr<const File> file_;  ///< null: in memory
    std::uint64_t start_ = 0;           ///< in the file or text
    std::uint64_t size_ = 0;
};

}  // namespace envpack
