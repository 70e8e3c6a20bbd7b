#include "file_names.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace envpack {
namespace {

constexpr mode_t mode = 0644;

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
    int error = 0;
    if (temporary_.empty()) {
        error = give_name(file_, target);
    } else if (::rename(temporary_.c_str(), target.c_str()) != 0) {
        error = errno;
    }
    if (error != 0) {
        return fail(os_failure("write", target.string(), error));
    }
    temporary_.clear();
    file_ = FileHandle();
    return durability_ == Durability::synced ? sync_folder(folder_of(target)) : Result<void>();
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
