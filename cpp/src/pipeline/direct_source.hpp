#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/env/lock.hpp"
#include "envpack/env/package_provider.hpp"
#include "envpack/index/open_indexes.hpp"
#include "envpack/index/package_index.hpp"
#include "envpack/packaging/requirements_file.hpp"
#include "source_builder.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace envpack::pipeline {

/// A package that was asked for by place: a URL, a path, a project folder or a repository.
struct DirectSource {
    std::string url;              ///< as asked for; a path as a file URL
    std::filesystem::path wheel;  ///< here, verified or built
    index::DistFile file;         ///< that wheel, as a solve sees it
    env::LockedPackage locked;    ///< name, version and source, as the lock says it
};
using DirectSources = std::map<packaging::PackageName, DirectSource>;

/// What opening a direct source needs.
struct DirectServices {
    const SourceBuilder* builder = nullptr;
    index::IndexServices network = {};
    std::filesystem::path lock_folder = {};  ///< project folders are written relative to it
    bool require_hashes = false;             ///< hash mode: only files with a hash are opened
};

/// Fetches, checks out or builds what `line` names. digest_mismatch when it is not what a hash of
/// the line or the URL's `#sha256=` says; invalid_argument (rule `resolve.hashes`), before anything
/// is opened, for what hash mode forbids; unsupported for repositories other than git and for
/// folders that a lock cannot name (PEP 751: paths below the lock's folder).
Result<DirectSource> open_direct(const packaging::RequirementLine& line,
                                 const DirectServices& services, const RunContext& run);

/// The wheel of a locked package that no index has: its archive, folder or repository.
Result<BuiltWheel> wheel_of(const env::LockedPackage& package, const std::filesystem::path& folder,
                            const DirectServices& services, const RunContext& run);

/// The sha256 of a file.
Result<Digest> digest_of_file(const std::filesystem::path& path, const RunContext& run);

}  // namespace envpack::pipeline
