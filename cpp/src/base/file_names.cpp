#include "file_names.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace envpack {
namespace {

constexpr mode_t unnamed_mode = 0644;

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

}  // namespace

std::filesystem::path folder_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

std::filesystem::path temporary_name(const std::filesystem::path& target) {
    return folder_of(target) /
           fmt::format(".{}.{}.tmp", target.filename().string().substr(0, 100), random_suffix());
}

std::string path_of(const FileHandle& file) {
    return fmt::format("/proc/self/fd/{}", file.get());
}

FileHandle open_unnamed(const std::filesystem::path& folder) {
    FileHandle file(::open(folder.c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, unnamed_mode));
    return file && ::access(path_of(file).c_str(), F_OK) == 0 ? std::move(file) : FileHandle(-1);
}

int give_name(const FileHandle& file, const std::filesystem::path& target) {
    const std::string unnamed = path_of(file);
    const auto link = [&](const std::filesystem::path& name) {
        return ::linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0;
    };
    if (link(target)) {
        return 0;
    }
    if (errno == EEXIST) {  // only a rename replaces
        const std::filesystem::path temporary = temporary_name(target);
        if (link(temporary)) {
            if (::rename(temporary.c_str(), target.c_str()) == 0) {
                return 0;
            }
            const int error = errno;
            ::unlink(temporary.c_str());
            errno = error;
        }
    }
    return errno;
}

/// fsync(2): "calling fsync() does not necessarily ensure that the entry in the directory
/// containing the file has also reached disk".
Result<void> sync_folder(const std::filesystem::path& folder) {
    const FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!handle) {
        return fail(os_failure("open folder", folder.string(), errno));
    }
    // Some file systems cannot sync folders; there is nothing to be done about it.
    if (fsync(handle.get()) != 0 && errno != EINVAL && errno != EROFS) {
        return fail(os_failure("sync folder", folder.string(), errno));
    }
    return {};
}

}  // namespace envpack
