#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

namespace envpack {

/// A file that nobody else can open by a name: nothing is left behind when the process dies, and
/// the space is free again with the last copy of this object. Copies are the same file.
/// Thread-safe, as far as reading and writing at offsets of one's own are.
class UnnamedFile {
public:
    /// Empty, in `folder`, which is made if needed.
    static Result<UnnamedFile> create(const std::filesystem::path& folder);
    /// Whether a file in `folder`, which is there, could later be published: open(2), O_TMPFILE.
    static bool can_be_published_from(const std::filesystem::path& folder);

    const std::shared_ptr<const FileHandle>& handle() const noexcept { return handle_; }
    /// Syncs the file, gives it the name `target`, in place of what has it, and syncs the folder:
    /// linkat(2), so nothing is copied, and nobody may write to it from then on. Mode 0644 less
    /// the umask. false, and nothing done, where the file cannot get that name: it is of another
    /// file system, or its file system has no such files.
    Result<bool> publish(const std::filesystem::path& target) const;

private:
    explicit UnnamedFile(FileHandle handle)
        : handle_(std::make_shared<const FileHandle>(std::move(handle))) {}
    std::shared_ptr<const FileHandle> handle_;
};

/// Writes a file that is to be published, from its begin. What was written is soon on its way to
/// the disk, so that publish() has little to wait for. One thread.
class UnnamedFileSink final : public ByteSink {
public:
    /// `path` is for messages.
    UnnamedFileSink(UnnamedFile file, std::string path)
        : file_(std::move(file)), path_(std::move(path)) {}
    Result<void> write(std::span<const std::byte> data) override;
    Result<void> finish() override { return {}; }

private:
    UnnamedFile file_;
    std::string path_;
    std::uint64_t written_ = 0;
    std::uint64_t on_its_way_ = 0;
};

}  // namespace envpack
