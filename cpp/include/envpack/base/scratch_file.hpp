#pragma once

#include "envpack/base/byte_region.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/result.hpp"

#include <filesystem>
#include <string>

namespace envpack {

/// An empty file without a name in `directory`, which is made if needed: nothing is left behind
/// when the process dies, and the space is free again with the last handle.
Result<FileHandle> create_scratch_file(const std::filesystem::path& directory);

/// Keeps a stream that is too long for memory, to be read at any place. One thread.
class ScratchFile final : public ByteSink {
public:
    static Result<ScratchFile> create(const std::filesystem::path& directory);
    Result<void> write(std::span<const std::byte> data) override;
    Result<void> finish() override { return {}; }
    /// What was written.
    Result<ByteRegion> take() &&;

private:
    ScratchFile(FileHandle file, std::string path) noexcept
        : file_(std::move(file)), path_(std::move(path)) {}
    FileHandle file_;
    std::string path_;
};

}  // namespace envpack
