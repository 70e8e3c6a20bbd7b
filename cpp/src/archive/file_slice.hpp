#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace envpack::archive {

/// A regular file that several streams read at once.
struct SharedFile {
    FileHandle handle;
    std::string path;  ///< for messages
    std::uint64_t size = 0;

    /// `shown` stands for the path in messages.
    static Result<std::shared_ptr<const SharedFile>> open(const std::string& path,
                                                          const std::string& shown);
};

/// `size` bytes of a file from `offset` on. io_error when the file has become shorter.
std::unique_ptr<ByteSource> file_slice(std::shared_ptr<const SharedFile> file, std::uint64_t offset,
                                       std::uint64_t size);

}  // namespace envpack::archive
