#include "envpack/oci/layout_target.hpp"

#include "blob_source.hpp"
#include "envpack/archive/disk_tree.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/json.hpp"
#include "envpack/base/text.hpp"
#include "free_space.hpp"
#include "layout_index.hpp"
#include "layout_reader.hpp"
#include "target_errors.hpp"

#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <thread>
#include <utility>

#include <fmt/format.h>

namespace envpack::oci {
namespace {

Error not_a_layout(const std::filesystem::path& folder, std::string_view why) {
    return Error(ErrorCode::invalid_argument,
                 fmt::format("`{}` is no image layout: {}", folder.string(), why))
        .with_rule("oci.not-a-layout")
        .with_path(folder.string());
}

/// An exclusive lock on a folder, for as long as the handle lives. It is on the folder itself, so
/// that no lock file stays behind in the layout. Threads exclude each other as well: each lock is
/// on an open file description of its own (flock(2)). Where the file system has no locks the work
/// goes on without a handle: updates are still atomic, but of two at once one may be lost.
Result<FileHandle> lock_folder(const std::filesystem::path& folder, const RunContext& run) {
    FileHandle handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!handle) {
        return fail(os_failure("open folder", folder.string(), errno));
    }
    while (flock(handle.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK || errno == EINTR) {
            ENVPACK_CHECK(run.check());
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
            continue;
        }
        run.note(fmt::format("`{}` cannot be locked; concurrent writers may lose a tag",
                             folder.string()));
        return FileHandle();
    }
    return handle;
}

bool is_own_leftover(const std::string& name) {
    return name.starts_with('.') && name.ends_with(".tmp");
}

/// What somebody who was killed left in `folder`, when it is of an index.json and so of somebody
/// who had the lock (`is_locked`: we have it), or older than a day.
void remove_leftovers(const std::filesystem::path& folder, bool is_locked) {
    std::error_code ignored;  // they do no harm
    const auto now = std::filesystem::file_time_type::clock::now();
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
        const std::string name = entry.path().filename().string();
        const bool is_unused = (is_locked && name.starts_with(fmt::format(".{}.", index_file))) ||
                               now - entry.last_write_time(ignored) > std::chrono::hours(24);
        if (is_own_leftover(name) && is_unused &&
            entry.symlink_status(ignored).type() == std::filesystem::file_type::regular) {
            std::filesystem::remove(entry.path(), ignored);
        }
    }
}

}  // namespace

LayoutTarget::LayoutTarget(const std::filesystem::path& folder, const Limits& limits)
    : folder_(folder),
      absolute_(absolute_path(folder).value_or(folder)),
      tree_(std::make_shared<const archive::DiskTree>(absolute_)),
      reader_(std::make_unique<const LayoutReader>(
          tree_, LayoutPlace{.text = folder.string(), .transport = "oci:"}, limits)) {}

LayoutTarget::~LayoutTarget() = default;

Result<std::shared_ptr<LayoutTarget>> LayoutTarget::open(const std::filesystem::path& folder,
                                                         const Limits& limits) {
    std::shared_ptr<LayoutTarget> target(new LayoutTarget(folder, limits));
    ENVPACK_CHECK(target->reader_->check_version());
    return target;
}

Result<std::shared_ptr<LayoutTarget>> LayoutTarget::open_or_create(
    const std::filesystem::path& folder, const Limits& limits) {
    ENVPACK_CHECK(ensure_directory(folder));
    const LayoutTarget fresh(folder, limits);
    ENVPACK_TRY(const auto existing, fresh.tree_->lookup(SafePath() / layout_file));
    if (!existing) {
        ENVPACK_TRY(const std::vector<std::string> names, fresh.tree_->list(SafePath()));
        for (const std::string& name : names) {
            if (!is_own_leftover(name)) {
                return fail(not_a_layout(folder, fmt::format("it has other content (`{}`)",
                                                             text::printable(name, 80)))
                                .with_hint("name a folder that is new or empty"));
            }
        }
        ENVPACK_CHECK(write_file(fresh.absolute_ / layout_file, layout_version));
    }
    return open(folder, limits);
}

Result<bool> LayoutTarget::exists(const Descriptor& descriptor, const RunContext& run) const {
    return reader_->exists(descriptor, run);
}

Result<std::unique_ptr<ByteSource>> LayoutTarget::fetch(const Descriptor& descriptor,
                                                        const RunContext& run) const {
    return reader_->fetch(descriptor, run);
}

Result<std::vector<Descriptor>> LayoutTarget::find(std::string_view name,
                                                   const RunContext& run) const {
    return reader_->find(name, run);
}

Result<std::vector<std::string>> LayoutTarget::tags(const RunContext& run) const {
    return reader_->tags(run);
}

std::string LayoutTarget::description() const {
    return reader_->description();
}

/// The folder of the blobs, made if needed.
Result<std::filesystem::path> LayoutTarget::blobs() const {
    const std::filesystem::path folder = absolute_ / "blobs" / "sha256";
    ENVPACK_CHECK(ensure_directory(folder));
    ENVPACK_TRY(const auto info, tree_->lookup(SafePath() / "blobs" / "sha256"));
    if (!info || info->type != archive::FileType::directory) {
        return fail(not_a_layout(folder_, "`blobs/sha256` is no folder"));
    }
    return folder;
}

Result<void> LayoutTarget::push(const Descriptor& expected, ByteSource& content,
                                const RunContext& run) {
    ENVPACK_TRY(const bool present, exists(expected, run));
    if (present) {
        return {};
    }
    ENVPACK_TRY(const std::filesystem::path folder, blobs());
    ENVPACK_CHECK(check_free_space(folder, expected.size));
    // In `blobs` and not beside the blob: a name in `blobs/sha256` is a promise.
    ENVPACK_TRY(AtomicFile file, AtomicFile::create(folder.parent_path() / "blob"));
    ENVPACK_CHECK(copy_exactly(content, file, expected, folder_.string(), run));
    return file.commit_as(folder / expected.digest.hex());
}

Result<bool> LayoutTarget::adopt(const Descriptor& expected, const UnnamedFile& content,
                                 const RunContext& run) {
    ENVPACK_TRY(const bool present, exists(expected, run));
    if (present) {
        return true;
    }
    ENVPACK_TRY(const std::filesystem::path folder, blobs());
    return content.publish(folder / expected.digest.hex());
}

Result<void> LayoutTarget::tag(const Descriptor& descriptor, std::string_view name,
                               const RunContext& run) {
    ENVPACK_CHECK(require_ref_name(name));
    ENVPACK_TRY(const bool present, exists(descriptor, run));
    if (!present) {
        return fail(blob_not_found(descriptor, folder_.string()));
    }
    ENVPACK_TRY(const FileHandle lock, lock_folder(absolute_, run));
    ENVPACK_TRY(const std::string raw, reader_->read_index());
    ENVPACK_TRY(const std::optional<std::string> changed,
                with_context(tagged_layout_index(raw, descriptor, name),
                             fmt::format("while changing `{}/index.json`", folder_.string())));
    remove_leftovers(absolute_, bool(lock));
    remove_leftovers(absolute_ / "blobs", false);
    ENVPACK_TRY(const auto info, tree_->lookup(SafePath() / index_file));
    if (!changed && info) {
        return {};
    }
    return write_file(absolute_ / index_file, changed.value_or(raw));
}

}  // namespace envpack::oci
