#pragma once

#include "envpack/base/file.hpp"
#include "envpack/base/result.hpp"

#include <filesystem>
#include <string>

namespace envpack {

/// Of a path without folders, ".".
std::filesystem::path folder_of(const std::filesystem::path& path);

/// A hidden name beside `target` that nobody else has.
std::filesystem::path temporary_name(const std::filesystem::path& target);

/// Where this process can open it, named or not.
std::string path_of(const FileHandle& file);

/// A file without a name in `folder`, for reading and writing, mode 0644 less the umask, that
/// give_name() can give one; null where the file system (open(2), O_TMPFILE) or a missing /proc
/// does not allow that.
FileHandle open_unnamed(const std::filesystem::path& folder);

/// Names a file of open_unnamed(), in place of what had the name. 0 or an errno.
int give_name(const FileHandle& file, const std::filesystem::path& target);

/// Makes the names in `folder` durable.
Result<void> sync_folder(const std::filesystem::path& folder);

}  // namespace envpack
