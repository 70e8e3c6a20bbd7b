#include "envpack/packaging/canonical_version.hpp"

#include "envpack/packaging/version.hpp"

#include <utility>

namespace envpack::packaging {

std::string canonical_version(std::string_view text) {
    const auto version = Version::parse(text);
    if (!version) {
        return std::string(text);
    }
    VersionParts parts = version->parts();
    while (parts.release.size() > 1 && parts.release.back() == 0) {
        parts.release.pop_back();
    }
    return Version::from_parts(std::move(parts)).to_string();
}

}  // namespace envpack::packaging
