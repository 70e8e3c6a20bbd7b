#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/safe_path.hpp"

#include <string_view>

namespace envpack::archive {

/// How many symbolic links a path may lead through: Linux's MAXSYMLINKS.
inline constexpr int max_links = 40;

/// A name that a SafePath can hold as one segment.
inline bool is_representable(std::string_view name) {
    const Result<SafePath> path = SafePath::normalize(name);
    return path && path->str() == name;
}

}  // namespace envpack::archive
