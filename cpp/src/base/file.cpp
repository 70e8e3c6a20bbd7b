#include "envpack/base/file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace envpack {
namespace {

Result<std::uint64_t> regular_size(const FileHandle& file, const std::string& path) {
    struct stat info {};
    if (fstat(file.get(), &info) != 0) {
        return fail(os_failure("examine", path, errno));
    }
    if (!S_ISREG(info.st_mode)) {
        return fail(Error(ErrorCode::invalid_argument, fmt::format("`{}` is no regular file", path))
                        .with_path(path));
    }
    return static_cast<std::uint64_t>(info.st_size);
}

}  // namespace

FileHandle::FileHandle(FileHandle&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
    if (this != &other) {
        if (descriptor_ >= 0) {
            ::close(descriptor_);
        }
        descriptor_ = std::exchange(other.descriptor_, -1);
    }
    return *this;
}

FileHandle::~FileHandle() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

Result<FileHandle> open_for_reading(const std::filesystem::path& path) {
    // O_NONBLOCK: a fifo in the place of a file must not make us wait.
    FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) {
        return fail(os_failure("open", path.string(), errno));
    }
    ENVPACK_CHECK(regular_size(file, path.string()));
    return file;
}

FileSource::FileSource(FileHandle file, std::string path, std::uint64_t size)
    : file_(std::move(file)), path_(std::move(path)), size_(size) {}

Result<FileSource> FileSource::open(const std::filesystem::path& path) {
    ENVPACK_TRY(FileHandle file, open_for_reading(path));
    ENVPACK_TRY(const std::uint64_t size, regular_size(file, path.string()));
    return FileSource(std::move(file), path.string(), size);
}

Result<std::size_t> FileSource::read(std::span<std::byte> into) {
    for (;;) {
        const ssize_t count = ::read(file_.get(), into.data(), into.size());
        if (count >= 0) {
            return static_cast<std::size_t>(count);
        }
        if (errno != EINTR) {
            return fail(os_failure("read", path_, errno));
        }
    }
}

Result<void> HandleSink::write(std::span<const std::byte> data) {
    while (!data.empty()) {
        const ssize_t count = ::write(file_, data.data(), data.size());
        if (count >= 0) {
            data = data.subspan(static_cast<std::size_t>(count));
        } else if (errno != EINTR) {
            return fail(os_failure("write", path_, errno));
        }
    }
    return {};
}

Result<std::shared_ptr<const MappedFile>> MappedFile::open(const std::filesystem::path& path) {
    ENVPACK_TRY(const FileHandle file, open_for_reading(path));
    ENVPACK_TRY(const std::uint64_t size, regular_size(file, path.string()));
    if (size == 0) {
        return std::shared_ptr<const MappedFile>(new MappedFile({}));
    }
    void* address = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
    if (address == MAP_FAILED) {
        return fail(os_failure("map", path.string(), errno));
    }
    return std::shared_ptr<const MappedFile>(
        new MappedFile(std::span(static_cast<const std::byte*>(address), size)));
}

MappedFile::~MappedFile() {
    if (!bytes_.empty()) {
        munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
    }
}

void MappedFile::release(std::span<const std::byte> part) const noexcept {
    // The mapping begins at a page. Pages that `part` shares with its neighbours stay, but for the
    // last one of the file.
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const auto offset = static_cast<std::size_t>(part.data() - bytes_.data());
    const std::size_t begin = (offset + page - 1) / page * page;
    const std::size_t end = offset + part.size() == bytes_.size()
                                ? bytes_.size()
                                : (offset + part.size()) / page * page;
    if (begin < end) {
        // Only advice: nothing is wrong where it is not taken.
        ::madvise(const_cast<std::byte*>(bytes_.data()) + begin, end - begin, MADV_DONTNEED);
    }
}

Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_size) {
    ENVPACK_TRY(FileSource source, FileSource::open(path));
    return with_context(read_all(source, max_size, static_cast<std::size_t>(source.size())),
                        fmt::format("while reading `{}`", path.string()));
}

Result<std::filesystem::path> absolute_path(const std::filesystem::path& path) {
    std::error_code error;
    const std::filesystem::path absolute = std::filesystem::absolute(path, error);
    if (error) {
        return fail(os_failure("find", path.string(), error.value()));
    }
    std::filesystem::path normal = absolute.lexically_normal();
    return normal.has_filename() ? normal : normal.parent_path();
}

Result<void> ensure_directory(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) {
        return fail(os_failure("create folder", path.string(), error.value()));
    }
    return {};
}

}  // namespace envpack
