#include "envpack/base/file.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace envpack {
namespace {

/// Unpredictable, so that nobody can lay a file or link in its place beforehand.
std::string random_suffix() {
    std::array<unsigned char, 8> raw{};
    if (getrandom(raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size())) {
        return std::to_string(getpid());  // O_EXCL still guards the name
    }
    std::string text;
    for (const unsigned char byte : raw) {
        text += fmt::format("{:02x}", byte);
    }
    return text;
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// A hidden name beside `target` that nobody else has.
std::filesystem::path temporary_name(const std::filesystem::path& target) {
    return folder_of(target) /
           fmt::format(".{}.{}.tmp", target.filename().string().substr(0, 100), random_suffix());
}

std::string path_of(const FileHandle& file) {
    return fmt::format("/proc/self/fd/{}", file.get());
}

constexpr mode_t mode = 0644;

/// A file without a name in `folder` (open(2), O_TMPFILE) that can be given one; null where the
/// file system or a missing /proc does not allow that.
FileHandle open_unnamed(const std::filesystem::path& folder) {
    FileHandle file(::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, mode));
    return file && ::access(path_of(file).c_str(), F_OK) == 0 ? std::move(file) : FileHandle(-1);
}

/// Makes the renamed name itself durable (fsync(2): "calling fsync() does not necessarily ensure
/// that the entry in the directory containing the file has also reached disk").
Result<void> sync_folder(const std::filesystem::path& folder) {
    const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!handle) {
        return fail(os_failure("open folder", folder.string(), errno));
    }
    if (fsync(handle.get()) != 0 && errno != EINVAL && errno != EROFS) {
        return fail(os_failure("sync folder", folder.string(), errno));
    }
    return {};
}

}  // namespace

AtomicFile::AtomicFile(FileHandle file, std::filesystem::path temporary,
                       std::filesystem::path target, Durability durability)
    : file_(std::move(file)),
      temporary_(std::move(temporary)),
      target_(std::move(target)),
      durability_(durability) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : file_(std::move(other.file_)),
      temporary_(std::exchange(other.temporary_, {})),
      target_(std::move(other.target_)),
      durability_(other.durability_) {}

AtomicFile::~AtomicFile() {
    if (!temporary_.empty()) {
        ::unlink(temporary_.c_str());
    }
}

Result<AtomicFile> AtomicFile::create(std::filesystem::path target, Durability durability) {
    if (FileHandle unnamed = open_unnamed(folder_of(target))) {
        return AtomicFile(std::move(unnamed), {}, std::move(target), durability);
    }
    const std::filesystem::path temporary = temporary_name(target);
    FileHandle file(
        ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!file) {
        return fail(os_failure("create", target.string(), errno));
    }
    return AtomicFile(std::move(file), temporary, std::move(target), durability);
}

std::filesystem::path AtomicFile::temporary_path() const {
    return temporary_.empty() ? std::filesystem::path(path_of(file_)) : temporary_;
}

Result<void> AtomicFile::write(std::span<const std::byte> data) {
    return HandleSink(file_, target_.string()).write(data);
}

Result<void> AtomicFile::finish() {
    if (durability_ == Durability::synced && fdatasync(file_.get()) != 0 && errno != EINVAL) {
        return fail(os_failure("sync", target_.string(), errno));
    }
    return {};
}

Result<void> AtomicFile::commit() {
    return commit_as(target_);
}

Result<void> AtomicFile::commit_as(const std::filesystem::path& target) {
    ENVPACK_CHECK(finish());
    if (temporary_.empty()) {
        ENVPACK_CHECK(publish_unnamed(target));
    } else if (::rename(temporary_.c_str(), target.c_str()) != 0) {
        return fail(os_failure("write", target.string(), errno));
    }
    temporary_.clear();
    file_ = FileHandle();
    return durability_ == Durability::synced ? sync_folder(folder_of(target)) : Result<void>();
}

/// A name that is taken is only replaced by a rename.
Result<void> AtomicFile::publish_unnamed(const std::filesystem::path& target) {
    const std::string unnamed = path_of(file_);
    const auto give_name = [&](const std::filesystem::path& name) {
        return ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (give_name(target)) {
        return {};
    }
    if (errno == EEXIST) {
        const std::filesystem::path temporary = temporary_name(target);
        if (give_name(temporary)) {
            if (::rename(temporary.c_str(), target.c_str()) == 0) {
                return {};
            }
            const int error = errno;
            ::unlink(temporary.c_str());
            errno = error;
        }
    }
    return fail(os_failure("write", target.string(), errno));
}

Result<void> write_file(const std::filesystem::path& path, std::string_view content,
                        Durability durability) {
    ENVPACK_TRY(AtomicFile file, AtomicFile::create(path, durability));
    ENVPACK_CHECK(file.write(as_bytes(content)));
    return file.commit();
}

Result<TemporaryDirectory> TemporaryDirectory::create(const std::filesystem::path& parent) {
    ENVPACK_CHECK(ensure_directory(parent));
    std::string pattern = (parent / ".envpack.XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) {
        return fail(os_failure("create a temporary folder in", parent.string(), errno));
    }
    return TemporaryDirectory(pattern);
}

TemporaryDirectory::TemporaryDirectory(TemporaryDirectory&& other) noexcept
    : path_(std::exchange(other.path_, {})) {}

TemporaryDirectory::~TemporaryDirectory() {
    if (!path_.empty()) {
        std::error_code ignored;  // a destructor only discards
        std::filesystem::remove_all(path_, ignored);
    }
}

std::filesystem::path TemporaryDirectory::release() && {
    return std::exchange(path_, {});
}

}  // namespace envpack
