#include "envpack/wheel/wheel_store.hpp"

#include "content_text.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

namespace envpack::wheel {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view list_head = "envpack wheel 1 ";  // and the digest of the lines

/// What a file was when it was written. In one line: size, mode, mtime, path.
struct Stamp {
    std::uint64_t size = 0;
    std::uint32_t mode = 0;
    std::int64_t mtime = 0;  ///< nanoseconds
    friend bool operator==(const Stamp&, const Stamp&) = default;
};

Stamp stamp_of(const struct stat& status) {
    return {.size = static_cast<std::uint64_t>(status.st_size),
            .mode = status.st_mode & 07777U,
            .mtime = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

Result<Stamp> stamp_at(const fs::path& path) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return fail(os_failure("examine", path.string(), errno));
    }
    return stamp_of(status);
}

template <class Number>
bool read_number(std::string_view& line, Number& number) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const auto parsed = std::from_chars(line.data(), line.data() + space, number);
    const bool is_number = parsed.ec == std::errc() && parsed.ptr == line.data() + space;
    line.remove_prefix(std::min(space + 1, line.size()));
    return is_number;
}

/// The files that the list names, each still what it was; nullopt when one is not.
std::optional<std::vector<WheelFile>> listed_files(const fs::path& folder, const Limits& limits) {
    const Result<std::string> text = read_file(folder / "list", limits.max_record);
    const FileHandle files_folder(
        ::open((folder / "files").c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!text || !files_folder || !text->starts_with(list_head)) {
        return std::nullopt;
    }
    std::string_view rest = std::string_view(*text).substr(list_head.size());
    const std::string_view digest = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(digest.size() + 1, rest.size()));
    const auto stated = Digest::parse_hex(digest);
    if (!stated || *stated != Digest::of(as_bytes(rest))) {
        return std::nullopt;
    }
    const std::string place = (folder / "files").string() + '/';
    std::vector<WheelFile> files;
    files.reserve(static_cast<std::size_t>(std::ranges::count(rest, '\n')));
    while (!rest.empty()) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(line.size() + 1, rest.size()));
        Stamp stamp;
        if (!read_number(line, stamp.size) || !read_number(line, stamp.mode) ||
            !read_number(line, stamp.mtime)) {
            return std::nullopt;
        }
        Result<SafePath> path = SafePath::parse(line, limits);
        struct stat status {};
        if (!path ||
            ::fstatat(files_folder.get(), path->str().c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISREG(status.st_mode) || stamp_of(status) != stamp) {
            return std::nullopt;
        }
        archive::Content content =
            archive::Content::of_kept_file(place + path->str(), stamp.size, stamp.mode);
        files.push_back({.path = *std::move(path),
                         .executable = (stamp.mode & 0111U) != 0,
                         .content = std::move(content)});
    }
    return files;
}

/// The file on disk, with the bytes that RECORD promises.
Result<void> write_verified(const WheelFile& file, const fs::path& path, const RunContext& run) {
    const mode_t mode = file.executable ? 0755 : 0644;
    const FileHandle handle(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    // Links share the mode, so it must not depend on the umask of whoever came first.
    if (!handle || ::fchmod(handle.get(), mode) != 0) {
        return fail(os_failure("write", path.string(), errno));
    }
    HandleSink output(handle, path.string());
    HashingSink hash;
    TeeSink both(output, hash);
    ENVPACK_TRY(const auto content, file.content.open());
    ENVPACK_CHECK(with_context(copy(*content, both, run),
                               fmt::format("while reading `{}`", file.path.str())));
    const Digest digest = std::move(hash).digest();
    if (file.sha256 && *file.sha256 != digest) {
        return fail(hash_mismatch(file.path, *file.sha256, digest));
    }
    return {};
}

}  // namespace

fs::path WheelStore::folder_of(const Digest& sha256) const {
    const std::string hex = sha256.hex();
    return root_ / hex.substr(0, 2) / hex;
}

Result<std::optional<WheelArchive>> WheelStore::find(const Digest& sha256,
                                                     std::string_view filename,
                                                     const Limits& limits) const {
    const fs::path folder = folder_of(sha256);
    std::error_code ignored;
    if (!fs::exists(folder, ignored)) {
        return std::nullopt;
    }
    std::optional<std::vector<WheelFile>> files = listed_files(folder, limits);
    if (!files) {
        fs::remove_all(folder, ignored);
        return std::nullopt;
    }
    ENVPACK_TRY(WheelArchive wheel, WheelArchive::from_files(filename, *std::move(files), limits));
    return std::optional(std::move(wheel));
}

Result<WheelStore::Unpacked> WheelStore::unpack(const WheelArchive& wheel, const Digest& sha256,
                                                const RunContext& run) const {
    std::error_code error;
    if (!fs::exists(root_, error)) {
        ENVPACK_CHECK(ensure_directory(root_));
        fs::permissions(root_, fs::perms::owner_all, error);
    }
    ENVPACK_TRY(TemporaryDirectory folder, TemporaryDirectory::create(root_));
    const fs::path files = folder.path() / "files";
    ENVPACK_CHECK(ensure_directory(files));
    std::string lines;
    SafePath made;
    for (const WheelFile& file : wheel.files()) {
        ENVPACK_CHECK(run.check());
        const fs::path path = files / file.path.str();
        if (const SafePath parent = file.path.parent(); parent != made) {
            ENVPACK_CHECK(ensure_directory(path.parent_path()));
            made = parent;
        }
        ENVPACK_CHECK(write_verified(file, path, run));
        ENVPACK_TRY(const Stamp stamp, stamp_at(path));
        lines += fmt::format("{} {} {} {}\n", stamp.size, stamp.mode, stamp.mtime, file.path.str());
    }
    ENVPACK_CHECK(
        write_file(folder.path() / "list",
                   fmt::format("{}{}\n{}", list_head, Digest::of(as_bytes(lines)).hex(), lines)));
    return Unpacked{.sha256 = sha256, .folder = std::move(folder)};
}

Result<void> WheelStore::publish(std::vector<Unpacked> wheels) const {
    if (wheels.empty()) {
        return {};
    }
    // One call for thousands of files: an fdatasync of each takes longer than all the rest.
    const FileHandle root(::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root || ::syncfs(root.get()) != 0) {
        return fail(os_failure("sync", root_.string(), errno));
    }
    for (Unpacked& wheel : wheels) {
        const fs::path place = folder_of(wheel.sha256);
        ENVPACK_CHECK(ensure_directory(place.parent_path()));
        if (::rename(wheel.folder.path().c_str(), place.c_str()) == 0) {
            (void)std::move(wheel.folder).release();
        } else if (errno != EEXIST && errno != ENOTEMPTY) {  // then somebody was faster
            return fail(os_failure("write", place.string(), errno));
        }
    }
    return {};
}

}  // namespace envpack::wheel
