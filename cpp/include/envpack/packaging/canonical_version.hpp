#pragma once

#include <string>
#include <string_view>

namespace envpack::packaging {

/// One spelling for equal versions: normalised, without trailing zeros of the release (`1.0` and
/// `1.0.0` give `1`). A text that is no version comes back as it is.
/// Source: packaging.utils.canonicalize_version.
std::string canonical_version(std::string_view text);

}  // namespace envpack::packaging
