#include "folder_place.hpp"

#include "envpack/base/bytes.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

/// A file without a name yet in the eyes of others; removed unless it was renamed. One thread.
class StagedFile {
public:
    StagedFile(StagingFolder& staging, std::uint32_t mode)
        : staging_(staging),
          name_(staging.fresh_name()),
          file_(::openat(staging.handle, name_.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)) {}
    StagedFile(const StagedFile&) = delete;
    StagedFile& operator=(const StagedFile&) = delete;
    ~StagedFile() {
        if (file_ && !renamed_) {
            ::unlinkat(staging_.handle, name_.c_str(), 0);
        }
    }
    const FileHandle& file() const noexcept { return file_; }
    /// An errno, 0 for done.
    int rename_to(int folder, const std::string& name) {
        const int error = rename_new(staging_.handle, name_, folder, name);
        renamed_ = error == 0;
        return error;
    }

private:
    StagingFolder& staging_;
    std::string name_;
    FileHandle file_;
    bool renamed_ = false;
};

/// What a file system says that cannot do it, between these two files or at all.
bool means_unable(int error) {
    return error == EXDEV || error == EPERM || error == EOPNOTSUPP || error == ENOTTY ||
           error == EINVAL || error == ENOSYS || error == EMLINK || error == EACCES;
}

/// EEXIST counts as the answer, not as a failure.
Result<int> answered(int error, const PlannedEntry& entry) {
    if (error == 0 || error == EEXIST) {
        return error;
    }
    return fail(os_failure("write", entry.path.str(), error));
}

Result<int> write_bytes(const PlannedEntry& entry, int folder, const std::string& name,
                        StagingFolder& staging, const RunContext& run) {
    StagedFile file(staging, entry.mode);
    if (!file.file()) {
        return fail(os_failure("write", entry.path.str(), errno));
    }
    HashingSink hash;
    HandleSink output(file.file(), entry.path.str());
    TeeSink both(output, hash);
    ENVPACK_TRY(const auto content, entry.content.open());
    ENVPACK_CHECK(with_context(copy(*content, both, run),
                               fmt::format("while writing `{}`", entry.path.str())));
    const Digest digest = std::move(hash).digest();
    if (entry.sha256 && digest != *entry.sha256) {
        return refuse("record.hash-mismatch",
                      fmt::format("`{}` has sha256 {}, RECORD says {}", entry.path.str(),
                                  digest.hex(), entry.sha256->hex()),
                      ErrorCode::digest_mismatch);
    }
    return answered(file.rename_to(folder, name), entry);
}

/// Whether a second name of `source` would be what is planned.
Result<bool> is_as_planned(const std::string& source, const PlannedEntry& entry) {
    if (const auto mode = entry.content.kept_mode()) {
        return *mode == entry.mode;
    }
    struct stat status {};
    if (::fstatat(AT_FDCWD, source.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return fail(os_failure("examine", source, errno));
    }
    return S_ISREG(status.st_mode) && (status.st_mode & 07777U) == entry.mode &&
           static_cast<std::uint64_t>(status.st_size) == entry.content.size();
}

/// nullopt when the file system cannot.
Result<std::optional<int>> clone_file(const PlannedEntry& entry, int folder,
                                      const std::string& name, StagingFolder& staging) {
    ENVPACK_TRY(const FileHandle source, open_for_reading(*entry.content.file()));
    StagedFile file(staging, entry.mode);
    if (!file.file()) {
        return fail(os_failure("write", entry.path.str(), errno));
    }
    if (::ioctl(file.file().get(), FICLONE, source.get()) != 0) {
        if (means_unable(errno)) {
            return std::optional<int>();
        }
        return fail(os_failure("write", entry.path.str(), errno));
    }
    ENVPACK_TRY(const int answer, answered(file.rename_to(folder, name), entry));
    return std::optional(answer);
}

Result<std::optional<int>> link_file(const PlannedEntry& entry, int folder,
                                     const std::string& name) {
    const std::string& source = *entry.content.file();
    ENVPACK_TRY(const bool fits, is_as_planned(source, entry));
    if (!fits) {
        return std::optional<int>();
    }
    const int error = ::linkat(AT_FDCWD, source.c_str(), folder, name.c_str(), 0) == 0 ? 0 : errno;
    if (means_unable(error)) {
        return std::optional<int>();
    }
    ENVPACK_TRY(const int answer, answered(error, entry));
    return std::optional(answer);
}

/// A kept file is trusted as for a link: its bytes pass through the kernel alone. nullopt when that
/// cannot copy between the two.
Result<std::optional<int>> copy_kept(const PlannedEntry& entry, int folder, const std::string& name,
                                     StagingFolder& staging, const RunContext& run) {
    constexpr std::size_t part = std::size_t{16} << 20;  // then somebody may want to stop
    ENVPACK_TRY(const FileHandle source, open_for_reading(*entry.content.file()));
    StagedFile file(staging, entry.mode);
    if (!file.file()) {
        return fail(os_failure("write", entry.path.str(), errno));
    }
    std::uint64_t copied = 0;
    for (;;) {
        ENVPACK_CHECK(run.check());
        const ssize_t count =
            ::copy_file_range(source.get(), nullptr, file.file().get(), nullptr, part, 0);
        if (count == 0) {
            break;
        }
        if (count > 0) {
            copied += static_cast<std::uint64_t>(count);
        } else if (copied == 0 && means_unable(errno)) {
            return std::optional<int>();
        } else if (errno != EINTR) {
            return fail(os_failure("write", entry.path.str(), errno));
        }
    }
    if (copied != entry.content.size()) {
        return copied == 0 ? Result<std::optional<int>>(std::nullopt)  // procfs and its like
                           : fail(ErrorCode::io_error,
                                  fmt::format("file `{}` changed its size while it was read",
                                              *entry.content.file()));
    }
    ENVPACK_TRY(const int answer, answered(file.rename_to(folder, name), entry));
    return std::optional(answer);
}

/// An errno: 0 or EEXIST.
Result<int> make_file(const PlannedEntry& entry, int folder, const std::string& name,
                      StagingFolder& staging, const RunContext& run) {
    const LinkMode mode = staging.mode.load();
    if (entry.content.file() == nullptr) {
        return write_bytes(entry, folder, name, staging, run);
    }
    if (mode == LinkMode::automatic || mode == LinkMode::clone) {
        ENVPACK_TRY(const auto answer, clone_file(entry, folder, name, staging));
        if (answer) {
            return *answer;
        }
        if (mode == LinkMode::automatic) {
            staging.mode.store(LinkMode::hardlink);
        }
    }
    if (mode == LinkMode::automatic || mode == LinkMode::hardlink) {
        ENVPACK_TRY(const auto answer, link_file(entry, folder, name));
        if (answer) {
            return *answer;
        }
    }
    if (entry.content.kept_mode()) {
        ENVPACK_TRY(const auto answer, copy_kept(entry, folder, name, staging, run));
        if (answer) {
            return *answer;
        }
    }
    return write_bytes(entry, folder, name, staging, run);
}

/// What is there is the same file.
Result<bool> has_same_bytes(const PlannedEntry& entry, int folder, const std::string& name,
                            const RunContext& run) {
    // Looked at before it is opened: opening a device can do things.
    struct stat status {};
    if (::fstatat(folder, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode) ||
        static_cast<std::uint64_t>(status.st_size) != entry.content.size() || !entry.sha256) {
        return false;
    }
    const FileHandle file(
        ::openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (!file) {
        return fail(os_failure("open", entry.path.str(), errno));
    }
    HashingSink hash;
    std::array<std::byte, 1 << 16> buffer{};
    for (;;) {
        ENVPACK_CHECK(run.check());
        const ssize_t count = ::read(file.get(), buffer.data(), buffer.size());
        if (count == 0) {
            return std::move(hash).digest() == *entry.sha256;
        }
        if (count > 0) {
            ENVPACK_CHECK(hash.write(std::span(buffer).first(static_cast<std::size_t>(count))));
        } else if (errno != EINTR) {
            return fail(os_failure("read", entry.path.str(), errno));
        }
    }
}

Result<bool> place_link(const PlannedEntry& entry, int folder, const std::string& name) {
    if (::symlinkat(entry.link_target.c_str(), folder, name.c_str()) == 0) {
        return true;
    }
    if (errno != EEXIST) {
        return fail(os_failure("write", entry.path.str(), errno));
    }
    std::string target(4096, '\0');
    const ssize_t length = ::readlinkat(folder, name.c_str(), target.data(), target.size());
    if (length < 0 ||
        std::string_view(target).substr(0, std::size_t(length)) != entry.link_target) {
        return fail(path_conflict(entry.path, "is there already, and is another"));
    }
    return false;
}

}  // namespace

Error path_conflict(const SafePath& path, std::string_view what) {
    return Error(ErrorCode::invalid_argument, fmt::format("`{}` {}", path.str(), what))
        .with_path(path.str())
        .with_rule("install.path-conflict");
}

int rename_new(int from_folder, const std::string& from, int to_folder, const std::string& to) {
    // By its number: C libraries older than 2.28 have no function for it.
    if (::syscall(SYS_renameat2, from_folder, from.c_str(), to_folder, to.c_str(),
                  RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return errno;
    }
    // File systems without the flag: a second name fails where there is one already.
    if (::linkat(from_folder, from.c_str(), to_folder, to.c_str(), 0) == 0) {
        ::unlinkat(from_folder, from.c_str(), 0);
        return 0;
    }
    if (errno != EPERM) {
        return errno;
    }
    // A folder, which cannot have a second name: rename(2) replaces an empty one at most.
    return ::renameat(from_folder, from.c_str(), to_folder, to.c_str()) == 0 ? 0 : errno;
}

Result<bool> place_entry(const PlannedEntry& entry, int folder, const std::string& name,
                         StagingFolder& staging, const RunContext& run) {
    if (entry.type == FileType::symlink) {
        return place_link(entry, folder, name);
    }
    ENVPACK_TRY(const int answer, make_file(entry, folder, name, staging, run));
    if (answer == 0) {
        return true;
    }
    ENVPACK_TRY(const bool same, has_same_bytes(entry, folder, name, run));
    if (!same) {
        return fail(path_conflict(entry.path, "is there already, with different content"));
    }
    return false;
}

}  // namespace envpack::archive
