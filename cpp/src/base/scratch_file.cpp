#include "envpack/base/scratch_file.hpp"

#include "file_names.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace envpack {

Result<FileHandle> create_scratch_file(const std::filesystem::path& directory) {
    ENVPACK_CHECK(ensure_directory(directory));
    if (FileHandle unnamed = open_unnamed(directory)) {
        return unnamed;
    }
    std::string pattern = (directory / ".envpack-scratch.XXXXXX").string();
    FileHandle file(mkostemp(pattern.data(), O_CLOEXEC));
    if (!file) {
        return fail(os_failure("create a temporary file in", directory.string(), errno));
    }
    if (::unlink(pattern.c_str()) != 0) {
        return fail(os_failure("unlink", pattern, errno));
    }
    return file;
}

Result<ScratchFile> ScratchFile::create(const std::filesystem::path& directory) {
    ENVPACK_TRY(FileHandle file, create_scratch_file(directory));
    return ScratchFile(std::move(file), directory.string());
}

Result<void> ScratchFile::write(std::span<const std::byte> data) {
    while (!data.empty()) {
        const ssize_t count = ::write(file_.get(), data.data(), data.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return fail(os_failure("write below", path_, errno));
        }
        data = data.subspan(static_cast<std::size_t>(count));
    }
    return {};
}

Result<ByteRegion> ScratchFile::take() && {
    return ByteRegion::of_file(std::move(file_), path_);
}

}  // namespace envpack
