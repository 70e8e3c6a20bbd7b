#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/scratch_file.hpp"

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

namespace envpack::oci {

/// Writes to a file from `offset` on; several sinks may write to one file at once. Nothing is
/// synced. `file` is not owned, `path` is for messages. One thread.
class FileRegionSink final : public ByteSink {
public:
    FileRegionSink(const FileHandle& file, std::string path, std::uint64_t offset = 0)
        : file_(file), path_(std::move(path)), offset_(offset) {}
    Result<void> write(std::span<const std::byte> data) override;
    Result<void> finish() override { return {}; }

private:
    const FileHandle& file_;
    std::string path_;
    std::uint64_t offset_;
};

/// Up to `size` bytes of a file from `offset` on, whatever other streams read of it.
std::unique_ptr<ByteSource> file_region(
    std::shared_ptr<const FileHandle> file, std::string path, std::uint64_t offset = 0,
    std::uint64_t size = std::numeric_limits<std::uint64_t>::max());

}  // namespace envpack::oci
