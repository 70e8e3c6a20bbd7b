#pragma once

#include "envpack/packaging/version.hpp"
#include "envpack/packaging/version_range.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::env {

/// Why a package has no candidate, most telling first where several reasons meet.
enum class AbsenceKind : std::uint8_t {
    base_pinned,            ///< the base has another version
    base_is_prerelease,     ///< the base has a pre-release of a version that would do
    legacy_version,         ///< the base's version is not PEP 440
    constraint_forces,      ///< a constraint, or a requirement of the base, leaves none
    no_such_project,        ///< no index knows the name
    version_not_on_index,   ///< no version matches
    requires_python,        ///< for other Pythons, by Requires-Python
    no_wheel_for_python,    ///< wheels for other Pythons only
    no_wheel_for_platform,  ///< wheels for other platforms only
    source_only,            ///< nothing but a source distribution
    other_hash,             ///< files with other hashes than the request allows
    too_new,                ///< uploaded after ProviderOptions::exclude_newer
    yanked,                 ///< withdrawn, and not pinned
    prerelease_only,        ///< only pre-releases are left, and final releases match too
};
/// As JSON spells it: "base-pinned", "no-wheel-for-python".
std::string_view to_string(AbsenceKind kind) noexcept;

struct Absence {
    AbsenceKind kind = AbsenceKind::version_not_on_index;
    std::string text = {};  ///< half a sentence
};

/// The members of `range` among `versions` (ascending) as people read them: runs folded to
/// "1.0 … 1.4", at most five pieces, then "and 12 more"; empty when there is none.
std::string fold_versions(std::span<const packaging::Version> versions,
                          const packaging::VersionRange& range);

}  // namespace envpack::env
