#include "envpack/base/unnamed_file.hpp"

#include "envpack/base/scratch_file.hpp"
#include "file_names.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace envpack {
namespace {

/// What linkat(2) says of a file that cannot get a name there, but whose bytes can be copied.
bool has_to_be_copied(int error) {
    return error == EXDEV || error == ENOENT || error == EPERM || error == EOPNOTSUPP ||
           error == EMLINK;
}

constexpr std::uint64_t write_out_step = std::uint64_t{8} << 20;

}  // namespace

Result<UnnamedFile> UnnamedFile::create(const std::filesystem::path& folder) {
    ENVPACK_TRY(FileHandle handle, create_scratch_file(folder));
    return UnnamedFile(std::move(handle));
}

bool UnnamedFile::can_be_published_from(const std::filesystem::path& folder) {
    return bool(open_unnamed(folder));
}

Result<bool> UnnamedFile::publish(const std::filesystem::path& target) const {
    if (fdatasync(handle_->get()) != 0 && errno != EINVAL) {
        return fail(os_failure("sync", target.string(), errno));
    }
    if (const int error = give_name(*handle_, target); error != 0) {
        if (has_to_be_copied(error)) {
            return false;
        }
        return fail(os_failure("write", target.string(), error));
    }
    ENVPACK_CHECK(sync_folder(folder_of(target)));
    return true;
}

Result<void> UnnamedFileSink::write(std::span<const std::byte> data) {
    const FileHandle& file = *file_.handle();
    ENVPACK_CHECK(HandleSink(file, path_).write(data));
    written_ += data.size();
    if (written_ - on_its_way_ >= write_out_step) {
        // A hint: where it is not taken, publish() waits longer.
        static_cast<void>(::sync_file_range(file.get(), static_cast<off64_t>(on_its_way_),
                                            static_cast<off64_t>(written_ - on_its_way_),
                                            SYNC_FILE_RANGE_WRITE));
        on_its_way_ = written_;
    }
    return {};
}

}  // namespace envpack
