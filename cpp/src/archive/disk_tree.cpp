#include "envpack/archive/disk_tree.hpp"

#include "envpack/base/text.hpp"
#include "not_there.hpp"
#include "path_walk.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string_view>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace envpack::archive {
namespace {

constexpr int max_races = 16;

int open_beneath(int root, const char* path, int flags) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags);
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof(how)));
}

/// Nothing has that exact name: also a link on the way (ELOOP), or a file (ENOTDIR).
bool means_absent(int error) {
    return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG;
}

FileType type_of(mode_t mode) {
    if (S_ISREG(mode)) {
        return FileType::regular;
    }
    if (S_ISDIR(mode)) {
        return FileType::directory;
    }
    return S_ISLNK(mode) ? FileType::symlink : FileType::other;
}

/// The bytes of a descriptor. One thread.
class DescriptorSource final : public ByteSource {
public:
    DescriptorSource(FileHandle file, std::string path)
        : file_(std::move(file)), path_(std::move(path)) {}

    Result<std::size_t> read(std::span<std::byte> into) override {
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

private:
    FileHandle file_;
    std::string path_;
};

}  // namespace

DiskTree::DiskTree(std::filesystem::path root, Walk walk)
    : root_(std::move(root)),
      handle_(::open(root_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)),
      root_error_(handle_ ? 0 : errno),
      has_openat2_(walk == Walk::openat2) {}

FileHandle DiskTree::open_by_segments(const SafePath& path, int flags) const {
    const std::vector<std::string_view> segments = text::split(path.str(), '/');
    FileHandle folder;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        const bool last = i + 1 == segments.size();
        const int from = folder ? folder.get() : handle_.get();
        const std::string name(segments[i]);
        FileHandle next(::openat(from, name.c_str(),
                                 last ? flags : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!next || last) {
            return next;
        }
        folder = std::move(next);
    }
    return {};
}

Result<FileHandle> DiskTree::open_at(const SafePath& path, int flags) const {
    if (!handle_) {
        return fail(os_failure("open", root_.string(), root_error_));
    }
    flags |= O_NOFOLLOW | O_CLOEXEC;
    FileHandle file;
    if (path.is_root()) {
        file = FileHandle(::openat(handle_.get(), ".", flags));
    } else {
        for (int tries = 0; tries < max_races && has_openat2_; ++tries) {
            file = FileHandle(open_beneath(handle_.get(), path.str().c_str(), flags));
            if (file || (errno != EAGAIN && errno != EINTR)) {
                break;  // EAGAIN: a rename went on beside us
            }
        }
        // EPERM too: seccomp profiles of older container engines answer so to unknown calls.
        if (!has_openat2_ || (!file && (errno == ENOSYS || errno == EPERM || errno == EAGAIN))) {
            if (errno != EAGAIN) {
                has_openat2_ = false;
            }
            file = open_by_segments(path, flags);
        }
    }
    if (!file && !means_absent(errno)) {
        return fail(os_failure("open", (root_ / path.str()).string(), errno));
    }
    return file;
}

Result<std::optional<FileInfo>> DiskTree::lookup(const SafePath& path) const {
    ENVPACK_TRY(const FileHandle file, open_at(path, O_PATH));
    if (!file) {
        return std::nullopt;
    }
    const auto failed = [&](std::string_view doing) {
        return fail(os_failure(doing, (root_ / path.str()).string(), errno));
    };
    struct stat status {};
    if (::fstat(file.get(), &status) != 0) {
        return failed("examine");
    }
    FileInfo info{.type = type_of(status.st_mode),
                  .mode = static_cast<std::uint32_t>(status.st_mode & 07777U),
                  .uid = status.st_uid,
                  .gid = status.st_gid,
                  .mtime = status.st_mtim.tv_sec};
    if (info.type == FileType::regular) {
        info.size = static_cast<std::uint64_t>(status.st_size);
    } else if (info.type == FileType::symlink) {
        std::string target(4096, '\0');
        const ssize_t length = ::readlinkat(file.get(), "", target.data(), target.size());
        if (length < 0) {
            return failed("read the link");
        }
        target.resize(static_cast<std::size_t>(length));
        info.link_target = std::move(target);
    }
    return info;
}

Result<std::vector<std::string>> DiskTree::list(const SafePath& path) const {
    ENVPACK_TRY(FileHandle file, open_at(path, O_RDONLY | O_DIRECTORY));
    if (!file) {
        return no_directory(path);
    }
    // fdopendir takes the descriptor over, so it gets one of its own.
    const int own = ::fcntl(file.get(), F_DUPFD_CLOEXEC, 0);
    DIR* const folder = own < 0 ? nullptr : ::fdopendir(own);
    if (folder == nullptr) {
        const int error = errno;
        FileHandle closed(own);
        return fail(os_failure("list", (root_ / path.str()).string(), error));
    }
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* const item = ::readdir(folder)) {
        const std::string_view name = item->d_name;
        if (name != "." && name != ".." && is_representable(name)) {
            names.emplace_back(name);
        }
        errno = 0;
    }
    const int error = errno;
    ::closedir(folder);
    if (error != 0) {
        return fail(os_failure("list", (root_ / path.str()).string(), error));
    }
    std::sort(names.begin(), names.end());
    return names;
}

Result<FileHandle> DiskTree::open_file(const SafePath& path) const {
    // Looked at before it is opened: opening a device can do things.
    ENVPACK_TRY(const std::optional<FileInfo> info, lookup(path));
    if (!info || info->type != FileType::regular) {
        return no_file(path);
    }
    ENVPACK_TRY(FileHandle file, open_at(path, O_RDONLY | O_NONBLOCK));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return no_file(path);
    }
    return file;
}

Result<std::unique_ptr<ByteSource>> DiskTree::open(const SafePath& path) const {
    ENVPACK_TRY(FileHandle file, open_file(path));
    return std::make_unique<DescriptorSource>(std::move(file), (root_ / path.str()).string());
}

}  // namespace envpack::archive
