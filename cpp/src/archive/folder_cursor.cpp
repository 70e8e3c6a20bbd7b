#include "folder_cursor.hpp"

#include "envpack/base/text.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

namespace envpack::archive {

Result<int> FolderCursor::open(const SafePath& folder, std::vector<SafePath>* made) {
    const std::vector<std::string_view> segments =
        folder.is_root() ? std::vector<std::string_view>() : text::split(folder.str(), '/');
    std::size_t shared = 0;
    while (shared < segments.size() && shared < open_.size() &&
           open_[shared].first == segments[shared]) {
        ++shared;
    }
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(shared), open_.end());
    for (std::size_t i = shared; i < segments.size(); ++i) {
        const int above = open_.empty() ? root_ : open_.back().second.get();
        std::string name(segments[i]);
        constexpr int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        FileHandle handle(::openat(above, name.c_str(), flags));
        if (!handle && errno == ENOENT && made != nullptr) {
            if (::mkdirat(above, name.c_str(), 0755) == 0) {
                const auto length = segments[i].data() + segments[i].size() - folder.str().data();
                ENVPACK_TRY(
                    SafePath path,
                    SafePath::parse(std::string_view(folder.str()).substr(0, std::size_t(length))));
                made->push_back(std::move(path));
            } else if (errno != EEXIST) {  // somebody else's is as good
                return fail(os_failure("create folder", folder.str(), errno));
            }
            handle = FileHandle(::openat(above, name.c_str(), flags));
        }
        if (!handle) {
            if (errno == ENOTDIR || errno == ELOOP) {
                return refuse("install.link",
                              fmt::format("`{}` in `{}` is no folder, and links are not followed",
                                          name, folder.str()),
                              ErrorCode::invalid_argument);
            }
            return fail(os_failure("open folder", folder.str(), errno));
        }
        open_.emplace_back(std::move(name), std::move(handle));
    }
    return open_.empty() ? root_ : open_.back().second.get();
}

}  // namespace envpack::archive
