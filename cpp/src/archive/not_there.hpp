#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <string>

namespace envpack::archive {

// The two negative answers of FileTree, in the same words for every tree.
inline tl::unexpected<Error> no_directory(const SafePath& path) {
    return fail(Error(ErrorCode::not_found, "there is no directory `" + path.str() + "`")
                    .with_path(path.str()));
}
inline tl::unexpected<Error> no_file(const SafePath& path) {
    return fail(Error(ErrorCode::not_found, "there is no regular file `" + path.str() + "`")
                    .with_path(path.str()));
}

}  // namespace envpack::archive
