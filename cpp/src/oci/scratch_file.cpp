#include "scratch_file.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace envpack::oci {
namespace {

/// Reads a shared descriptor at an offset of its own, so that several streams can be open at once.
class FileRegionSource final : public ByteSource {
public:
    FileRegionSource(std::shared_ptr<const FileHandle> file, std::string path, std::uint64_t offset,
                     std::uint64_t size)
        : file_(std::move(file)), path_(std::move(path)), offset_(offset), rest_(size) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), rest_));
        for (;;) {
            const ssize_t count =
                ::pread(file_->get(), into.data(), wanted, static_cast<off_t>(offset_));
            if (count >= 0) {
                offset_ += static_cast<std::uint64_t>(count);
                rest_ -= static_cast<std::uint64_t>(count);
                return static_cast<std::size_t>(count);
            }
            if (errno != EINTR) {
                return fail(os_failure("read", path_, errno));
            }
        }
    }

private:
    std::shared_ptr<const FileHandle> file_;
    std::string path_;
    std::uint64_t offset_;
    std::uint64_t rest_;
};

}  // namespace

Result<void> FileRegionSink::write(std::span<const std::byte> data) {
    while (!data.empty()) {
        const ssize_t count =
            ::pwrite(file_.get(), data.data(), data.size(), static_cast<off_t>(offset_));
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return fail(os_failure("write", path_, errno));
        }
        offset_ += static_cast<std::uint64_t>(count);
        data = data.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

std::unique_ptr<ByteSource> file_region(std::shared_ptr<const FileHandle> file, std::string path,
                                        std::uint64_t offset, std::uint64_t size) {
    return std::make_unique<FileRegionSource>(std::move(file), std::move(path), offset, size);
}

}  // namespace envpack::oci
