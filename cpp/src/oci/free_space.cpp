#include "free_space.hpp"

#include <cerrno>
#include <sys/statvfs.h>

#include <fmt/format.h>

namespace envpack::oci {

Result<void> check_free_space(const std::filesystem::path& folder, std::uint64_t needed) {
    struct statvfs info {};
    if (statvfs(folder.c_str(), &info) != 0) {
        return {};
    }
    const std::uint64_t available =
        static_cast<std::uint64_t>(info.f_bavail) * static_cast<std::uint64_t>(info.f_frsize);
    if (available < needed) {
        return fail(Error(ErrorCode::io_error, fmt::format("`{}` has {} bytes free, {} are needed",
                                                           folder.string(), available, needed))
                        .with_os_error(ENOSPC, folder.string()));
    }
    return {};
}

}  // namespace envpack::oci
