#include "envpack/base/byte_region.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace envpack {

ByteRegion::ByteRegion(SharedText text) : text_(std::move(text)), size_(text_.view().size()) {}

Result<ByteRegion> ByteRegion::of_file(FileHandle file, std::string path) {
    struct stat info {};
    if (::fstat(file.get(), &info) != 0) {
        return fail(os_failure("examine", path, errno));
    }
    ByteRegion region;
    region.size_ = static_cast<std::uint64_t>(info.st_size);
    region.file_ = std::make_shared<const File>(File{std::move(file), std::move(path)});
    return region;
}

ByteRegion ByteRegion::part(std::uint64_t offset, std::uint64_t size) const {
    ByteRegion result = *this;
    offset = std::min(offset, size_);
    result.start_ += offset;
    result.size_ = std::min(size, size_ - offset);
    return result;
}

Result<std::span<const std::byte>> ByteRegion::read(std::uint64_t offset, std::size_t length,
                                                    std::vector<std::byte>& buffer) const {
    offset = std::min(offset, size_);
    length = static_cast<std::size_t>(std::min<std::uint64_t>(length, size_ - offset));
    if (file_ == nullptr) {
        return as_bytes(text_.view()).subspan(static_cast<std::size_t>(start_ + offset), length);
    }
    if (buffer.size() < length) {
        buffer.resize(length);
    }
    for (std::size_t done = 0; done < length;) {
        const ssize_t count = ::pread(file_->handle.get(), buffer.data() + done, length - done,
                                      static_cast<off_t>(start_ + offset + done));
        if (count > 0) {
            done += static_cast<std::size_t>(count);
        } else if (count == 0) {
            return fail(
                Error(ErrorCode::io_error,
                      fmt::format("file `{}` became shorter while it was read", file_->path))
                    .with_path(file_->path));
        } else if (errno != EINTR) {
            return fail(os_failure("read", file_->path, errno));
        }
    }
    return std::span<const std::byte>(buffer.data(), length);
}

}  // namespace envpack
