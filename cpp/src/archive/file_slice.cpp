#include "file_slice.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

class SliceSource final : public ByteSource {
public:
    SliceSource(std::shared_ptr<const SharedFile> file, std::uint64_t offset, std::uint64_t size)
        : file_(std::move(file)), offset_(offset), rest_(size) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), rest_));
        while (wanted > 0) {
            const ssize_t count =
                ::pread(file_->handle.get(), into.data(), wanted, static_cast<off_t>(offset_));
            if (count > 0) {
                offset_ += static_cast<std::uint64_t>(count);
                rest_ -= static_cast<std::uint64_t>(count);
                return static_cast<std::size_t>(count);
            }
            if (count == 0) {
                return fail(
                    Error(ErrorCode::io_error,
                          fmt::format("file `{}` became shorter while it was read", file_->path))
                        .with_path(file_->path));
            }
            if (errno != EINTR) {
                return fail(os_failure("read", file_->path, errno));
            }
        }
        return 0;
    }

private:
    std::shared_ptr<const SharedFile> file_;
    std::uint64_t offset_;
    std::uint64_t rest_;
};

}  // namespace

Result<std::shared_ptr<const SharedFile>> SharedFile::open(const std::string& path,
                                                           const std::string& shown) {
    auto file = std::make_shared<SharedFile>();
    ENVPACK_TRY(file->handle, open_for_reading(path));
    struct stat info {};
    if (fstat(file->handle.get(), &info) != 0) {
        return fail(os_failure("examine", path, errno));
    }
    file->path = shown;
    file->size = static_cast<std::uint64_t>(info.st_size);
    return file;
}

std::unique_ptr<ByteSource> file_slice(std::shared_ptr<const SharedFile> file, std::uint64_t offset,
                                       std::uint64_t size) {
    return std::make_unique<SliceSource>(std::move(file), offset, size);
}

}  // namespace envpack::archive
