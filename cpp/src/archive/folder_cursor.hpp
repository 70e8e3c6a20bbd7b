#pragma once

#include "envpack/base/file.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <string>
#include <utility>
#include <vector>

namespace envpack::archive {

/// The open folders along one path below a root, so that neighbours in sorted order share them.
/// Each is opened by its name alone, without following a link. One thread.
class FolderCursor {
public:
    /// `root` is an open folder and outlives the cursor.
    explicit FolderCursor(int root) : root_(root) {}

    /// The folder's descriptor, valid until the next call. With `made` given, folders that are not
    /// there are made and named to it. not_found; invalid_argument with rule `install.link` when
    /// something on the way is no folder.
    Result<int> open(const SafePath& folder, std::vector<SafePath>* made = nullptr);
    /// Forgets what is open, for folders that may be gone.
    void reset() { open_.clear(); }

private:
    int root_;
    std::vector<std::pair<std::string, FileHandle>> open_;
};

}  // namespace envpack::archive
