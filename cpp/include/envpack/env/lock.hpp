#pragma once

#include "envpack/base/digest.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/packaging/package_name.hpp"
#include "envpack/packaging/version.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// pylock.toml (PEP 751). A lock of envpack holds what is *added* to the base, for one target: a
// wheel of each package, or the source that it is built from (sdist, archive, folder, repository).
// The base's own packages have no source and are listed under [tool.envpack]. Foreign locks are
// read too; what envpack has no use for (attestations, foreign tool tables, hashes other than
// sha256) is dropped.

namespace envpack::env {

/// A file of `packages.wheels`, `packages.sdist` or `packages.archive`.
struct LockedFile {
    std::string name;       ///< file name, without folder
    std::string url = {};   ///< https, http or file; empty when `path` names it
    std::string path = {};  ///< relative to the lock's folder, never leaves it
    std::optional<std::uint64_t> size = std::nullopt;
    std::string upload_time = {};  ///< as normalize_upload_time() gives it; empty when unknown
    Digest sha256 = {};
    friend bool operator==(const LockedFile&, const LockedFile&) = default;
};

/// `packages.vcs`
struct LockedVcs {
    std::string type;  ///< "git"
    std::string url = {};
    std::string path = {};
    std::string requested_revision = {};
    std::string commit_id = {};
    std::string subdirectory = {};
    friend bool operator==(const LockedVcs&, const LockedVcs&) = default;
};

/// `packages.directory`
struct LockedDirectory {
    std::string path;  ///< relative to the lock's folder, never leaves it
    bool editable = false;
    std::string subdirectory = {};
    friend bool operator==(const LockedDirectory&, const LockedDirectory&) = default;
};

/// `packages.archive`
struct LockedArchive {
    LockedFile file;
    std::string subdirectory = {};
    friend bool operator==(const LockedArchive&, const LockedArchive&) = default;
};

/// One entry of `packages`. Exactly one kind of source is set: wheels and sdist, or one of vcs,
/// directory, archive. Texts are empty where PEP 751 leaves the key out.
struct LockedPackage {
    packaging::PackageName name;
    std::optional<packaging::Version> version = std::nullopt;
    std::string requires_python = {};                       ///< specifier text
    std::string marker = {};                                ///< marker text
    std::vector<packaging::PackageName> dependencies = {};  ///< sorted; entries of this lock only
    /// Packages of the base that it needs, sorted (`[packages.tool.envpack]`).
    std::vector<packaging::PackageName> uses_provided = {};
    std::string index = {};  ///< URL of the index it came from
    std::vector<LockedFile> wheels = {};
    std::optional<LockedFile> sdist = std::nullopt;
    std::optional<LockedVcs> vcs = std::nullopt;
    std::optional<LockedDirectory> directory = std::nullopt;
    std::optional<LockedArchive> archive = std::nullopt;
    friend bool operator==(const LockedPackage&, const LockedPackage&) = default;
};

/// A package of the base that the lock counts on.
struct ProvidedPackage {
    packaging::PackageName name;
    std::string version;  ///< as installed; need not be PEP 440
    friend bool operator==(const ProvidedPackage&, const ProvidedPackage&) = default;
};

/// A pin that was given up, and the requirement that forced it.
struct RelaxedPin {
    packaging::PackageName name;
    std::string pin;
    std::string because;
    friend bool operator==(const RelaxedPin&, const RelaxedPin&) = default;
};

/// A package that a constraint or the base keeps from a newer version.
struct ForcedVersion {
    packaging::PackageName name;
    std::string from;  ///< the version that it would be
    std::string to;    ///< the version that it is
    std::string by;    ///< who forces that
    friend bool operator==(const ForcedVersion&, const ForcedVersion&) = default;
};

/// The index that torch and what is built with it were pinned to (`[tool.envpack.cuda]`).
struct LockedTorchIndex {
    std::string suffix;                     ///< `cu126`
    std::string url = {};                   ///< without credentials
    std::string reason = {};                ///< one sentence
    std::vector<std::string> dropped = {};  ///< `cu130: CUDA 13.0 needs driver 580 or later, …`
    friend bool operator==(const LockedTorchIndex&, const LockedTorchIndex&) = default;
};

/// What was made of a requirement for the CUDA of the target (`[[tool.envpack.cuda-packages]]`).
struct LockedCudaPackage {
    packaging::PackageName name;            ///< as it was asked for
    std::string requirement = {};           ///< that was resolved instead: `jax[cuda12]`
    std::vector<std::string> limits = {};   ///< constraints that were added
    std::string index = {};                 ///< that it was pinned to, without credentials
    std::string reason = {};                ///< one sentence
    std::vector<std::string> dropped = {};  ///< `jax[cuda13]: CUDA 13 is another major version …`
    friend bool operator==(const LockedCudaPackage&, const LockedCudaPackage&) = default;
};

/// [tool.envpack]: what the lock was made for. Value; not synchronised.
struct LockOrigin {
    std::string base = {};         ///< source text: `oci:base`; empty without a base
    std::string base_digest = {};  ///< "sha256:..." of the base's manifest
    std::string python = {};       ///< full version of the target: "3.11.2"
    std::string implementation = "cpython";
    std::string machine = {};                    ///< "x86_64"
    std::string libc = {};                       ///< "glibc 2.36"
    std::vector<std::string> requirements = {};  ///< as the user wrote them, sorted
    std::vector<ProvidedPackage> provided = {};  ///< sorted by name
    /// Packages of the base, in its versions, that the lock has in another one; sorted by name.
    std::vector<ProvidedPackage> replaced = {};
    /// Packages of the base whose files others may hide (--shadow); sorted.
    std::vector<packaging::PackageName> shadowed = {};
    std::vector<RelaxedPin> relaxed = {};    ///< sorted by name
    std::vector<ForcedVersion> forced = {};  ///< sorted by name
    std::optional<LockedTorchIndex> torch_index = std::nullopt;
    std::vector<LockedCudaPackage> cuda_packages = {};  ///< sorted by name
    std::string exclude_newer = {};                     ///< RFC 3339; empty: no limit
    friend bool operator==(const LockOrigin&, const LockOrigin&) = default;
};

/// A pylock.toml. Value; not synchronised.
struct Lock {
    std::string requires_python = {};
    std::vector<std::string> environments = {};       ///< marker texts
    std::vector<std::string> extras = {};             ///< foreign locks only
    std::vector<std::string> dependency_groups = {};  ///< foreign locks only
    std::vector<std::string> default_groups = {};     ///< foreign locks only
    std::string created_by = "envpack";
    std::vector<LockedPackage> packages = {};  ///< by name, then version
    std::optional<LockOrigin> origin = std::nullopt;

    /// parse_error with a rule id for what PEP 751 forbids or envpack refuses: `lock.version`
    /// (lock-version other than 1.x), `lock.missing-key`, `lock.type`, `lock.path-escape`
    /// (absolute, or leaves the lock's folder), `lock.url` (scheme other than https, http, file;
    /// a file URL with a host), `lock.hash` (no sha256), `lock.file-name` (a wheel of another
    /// project or version), `lock.source` (none, or two kinds).
    static Result<Lock> parse(std::string_view toml, const Limits& limits = {});
    /// Byte-stable: keys in the order of PEP 751, packages and files sorted, no time stamp.
    /// parse(to_toml()) == *this for every lock with sorted packages.
    std::string to_toml() const;

    friend bool operator==(const Lock&, const Lock&) = default;
};

/// A time of an index (PEP 700) as a lock holds it: RFC 3339 in UTC, `Z` at the end, no trailing
/// zeros in the fraction. nullopt for anything else.
std::optional<std::string> normalize_upload_time(std::string_view text);

/// `pylock.toml`, or `pylock.<name>.toml` with a name without dots (PEP 751, File Name).
bool is_lock_file_name(std::string_view name) noexcept;

}  // namespace envpack::env
