#include "locked_wheels.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/env/target_environment.hpp"
#include "envpack/http/url.hpp"
#include "envpack/packaging/marker.hpp"
#include "envpack/packaging/tag.hpp"
#include "envpack/packaging/wheel_filename.hpp"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

/// The wheel of `package` that fits best, nullptr when it has to be made from its source, or why
/// there is none.
Result<const env::LockedFile*> best_wheel(const env::LockedPackage& package,
                                          const packaging::TagIndex& tags, std::string_view who) {
    if (package.wheels.empty()) {
        return nullptr;
    }
    const env::LockedFile* best = nullptr;
    std::size_t best_rank = 0;
    for (const env::LockedFile& file : package.wheels) {
        ENVPACK_TRY(const auto name, packaging::WheelFilename::parse(file.name));
        const auto rank = tags.rank(name.tags);
        if (rank && (best == nullptr || *rank < best_rank)) {
            best = &file;
            best_rank = *rank;
        }
    }
    if (best == nullptr && package.sdist) {
        return nullptr;
    }
    if (best == nullptr) {
        return fail(Error(ErrorCode::unsupported,
                          fmt::format("the lock has no wheel of {} for the Python and platform "
                                      "of {}",
                                      package.name.str(), who))
                        .with_hint(fmt::format("resolve for {}", who)));
    }
    return best;
}

Result<index::DistFile> dist_file(const env::LockedFile& file,
                                  const std::filesystem::path& folder) {
    index::DistFile result{
        .filename = file.name, .url = file.url, .sha256 = file.sha256, .size = file.size};
    if (!file.path.empty()) {
        ENVPACK_TRY(const std::filesystem::path path, absolute_path(folder / file.path));
        result.url = http::Url::from_path(path).to_string();
    }
    return result;
}

/// A file that the lock names on this machine, checked here since no index hands it out.
Result<std::filesystem::path> checked_local_file(const index::DistFile& file,
                                                 const RunContext& run) {
    ENVPACK_TRY(const http::Url url, http::Url::parse(file.url));
    ENVPACK_TRY(std::filesystem::path path, url.file_path());
    ENVPACK_TRY(FileSource source, FileSource::open(path));
    ENVPACK_TRY(const Digest actual, Digest::of(source, run));
    if (file.sha256 && actual != *file.sha256) {
        return fail(Error(ErrorCode::digest_mismatch,
                          fmt::format("{} has sha256 {}, the lock says {}", file.filename,
                                      actual.hex(), file.sha256->hex()))
                        .with_rule("lock.hash-mismatch"));
    }
    return path;
}

Result<std::filesystem::path> fetch(const index::DistFile& file, const index::PackageIndex* index,
                                    const RunContext& run) {
    if (file.url.starts_with("file:")) {
        return checked_local_file(file, run);
    }
    ENVPACK_ASSERT(index != nullptr);
    return index->download(file, run);
}

/// Whether anything of the lock is behind an http URL.
bool needs_index(const env::Lock& lock) {
    const auto is_remote = [](const env::LockedFile& file) { return file.url.starts_with("http"); };
    return std::any_of(
        lock.packages.begin(), lock.packages.end(), [&](const env::LockedPackage& package) {
            return std::any_of(package.wheels.begin(), package.wheels.end(), is_remote) ||
                   (package.sdist && is_remote(*package.sdist)) ||
                   (package.archive && is_remote(package.archive->file));
        });
}

std::string url_of(const env::LockedFile& file, const std::filesystem::path& path) {
    return file.path.empty() ? file.url : http::Url::from_path(path).to_string();
}

}  // namespace

std::uint64_t size_of(const LockedChoice& choice) {
    return choice.file != nullptr ? choice.file->size.value_or(0) : 0;
}

Result<std::vector<LockedChoice>> choose_wheels(const env::Lock& lock,
                                                const env::Interpreter& python,
                                                std::string_view who, const IsWanted& is_wanted) {
    ENVPACK_TRY(const packaging::TagTarget target, env::tag_target(python));
    const packaging::TagIndex tags(target);
    const packaging::MarkerEnvironment environment = env::marker_environment(python);
    std::vector<LockedChoice> wanted;
    for (const env::LockedPackage& package : lock.packages) {
        if (!package.marker.empty()) {
            ENVPACK_TRY(const auto marker, packaging::Marker::parse(package.marker));
            if (!marker.evaluate(environment)) {
                continue;
            }
        }
        if (is_wanted(package)) {
            ENVPACK_TRY(const env::LockedFile* file, best_wheel(package, tags, who));
            wanted.push_back({.package = &package, .file = file});
        }
    }
    return wanted;
}

Result<BuiltWheel> wheel_file(const env::LockedPackage& package, const env::LockedFile* file,
                              const std::filesystem::path& folder, const index::PackageIndex* index,
                              const DirectServices& sources, const RunContext& run) {
    if (file == nullptr) {
        return wheel_of(package, folder, sources, run);
    }
    ENVPACK_TRY(const index::DistFile named, dist_file(*file, folder));
    ENVPACK_TRY(std::filesystem::path path, fetch(named, index, run));
    return BuiltWheel{.path = std::move(path), .filename = file->name, .sha256 = file->sha256};
}

Result<void> check_identity(const env::LockedPackage& package, const wheel::WheelArchive& wheel) {
    if (wheel.name() == package.name && (!package.version || wheel.version() == *package.version)) {
        return {};
    }
    return fail(
        Error(ErrorCode::parse_error, fmt::format("{} is not the file of {} that the lock says",
                                                  wheel.filename().to_string(), package.name.str()))
            .with_rule("lock.file-name"));
}

LockSources::LockSources(UserIndexes indexes, const env::Interpreter& python,
                         const std::vector<packaging::Tag>& tags, const IndexOptions& options,
                         bool no_build, const UserConfig& user)
    : indexes_(std::move(indexes)), builder_(python, tags, {}, options, user, !no_build) {}

Result<std::unique_ptr<LockSources>> LockSources::open(const env::Lock& lock,
                                                       const env::Interpreter& python,
                                                       const IndexOptions& options, bool no_build,
                                                       const UserConfig& user,
                                                       const RunContext& run) {
    UserIndexes indexes{.index = nullptr, .order = {}};
    if (needs_index(lock)) {
        ENVPACK_TRY(indexes, open_user_indexes(options, user, run));
    }
    indexes.services.offline = options.offline;
    ENVPACK_TRY(const packaging::TagTarget target, env::tag_target(python));
    return std::unique_ptr<LockSources>(new LockSources(
        std::move(indexes), python, packaging::supported_tags(target), options, no_build, user));
}

Result<std::optional<packaging::DirectUrl>> origin_of(const env::LockedPackage& package,
                                                      const std::filesystem::path& folder) {
    packaging::DirectUrl origin;
    std::string subdirectory;
    if (package.archive) {
        ENVPACK_TRY(const auto path, absolute_path(folder / package.archive->file.path));
        origin.url = url_of(package.archive->file, path);
        origin.info = packaging::DirectUrl::Archive{
            .hashes = {{"sha256", package.archive->file.sha256.hex()}}};
        subdirectory = package.archive->subdirectory;
    } else if (package.vcs) {
        ENVPACK_TRY(const auto path, absolute_path(folder / package.vcs->path));
        origin.url =
            package.vcs->path.empty() ? package.vcs->url : http::Url::from_path(path).to_string();
        origin.info =
            packaging::DirectUrl::Vcs{.vcs = package.vcs->type,
                                      .commit_id = package.vcs->commit_id,
                                      .requested_revision = package.vcs->requested_revision};
        subdirectory = package.vcs->subdirectory;
    } else if (package.directory) {
        ENVPACK_TRY(const auto path, absolute_path(folder / package.directory->path));
        origin.url = http::Url::from_path(path).to_string();
        // Never editable: what is installed is a wheel that was built of it.
        origin.info = packaging::DirectUrl::Directory{};
        subdirectory = package.directory->subdirectory;
    } else {
        return std::nullopt;
    }
    if (!subdirectory.empty()) {
        origin.subdirectory = subdirectory;
    }
    return std::optional(std::move(origin));
}

Result<wheel::InstallOptions> install_options_of(const env::LockedPackage& package,
                                                 const std::filesystem::path& folder) {
    ENVPACK_TRY(const auto origin, origin_of(package, folder));
    wheel::InstallOptions options;
    if (origin) {
        options.direct_url = origin->to_json();
    }
    return options;
}

}  // namespace envpack::pipeline
