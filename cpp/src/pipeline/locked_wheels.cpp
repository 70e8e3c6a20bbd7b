#include "locked_wheels.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/nested_sha256.hpp"
#include "envpack/base/parallel.hpp"
#include "envpack/env/target_environment.hpp"
#include "envpack/http/url.hpp"
#include "envpack/packaging/marker.hpp"
#include "envpack/packaging/tag.hpp"
#include "envpack/packaging/wheel_filename.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
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

bool is_local(const index::DistFile& file) {
    return file.url.starts_with("file:");
}

Result<std::filesystem::path> local_path(const index::DistFile& file) {
    ENVPACK_TRY(const http::Url url, http::Url::parse(file.url));
    return url.file_path();
}

std::optional<struct stat> status_of(const std::filesystem::path& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? std::optional(status) : std::nullopt;
}

bool is_still(const struct stat& then, const std::filesystem::path& path) {
    const auto times = [](const struct stat& status) {
        return std::tuple(status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec,
                          status.st_ctim.tv_nsec);
    };
    const auto now = status_of(path);
    return now && now->st_dev == then.st_dev && now->st_ino == then.st_ino &&
           now->st_size == then.st_size && times(*now) == times(then);
}

/// A file that the lock names on this machine, checked here since no index hands it out.
Result<std::filesystem::path> checked_local_file(const index::DistFile& file,
                                                 const LocalDigests& hashed,
                                                 const RunContext& run) {
    ENVPACK_TRY(std::filesystem::path path, local_path(file));
    const auto known = hashed.find(path);
    const bool is_known = known != hashed.end() && is_still(known->second.status, path);
    ENVPACK_TRY(const Digest actual,
                is_known ? Result<Digest>(known->second.sha256) : digest_of_file(path, run));
    if (file.sha256 && actual != *file.sha256) {
        return fail(Error(ErrorCode::digest_mismatch,
                          fmt::format("{} has sha256 {}, the lock says {}", file.filename,
                                      actual.hex(), file.sha256->hex()))
                        .with_rule("lock.hash-mismatch"));
    }
    return path;
}

Result<std::filesystem::path> fetch(const index::DistFile& file, const index::PackageIndex* index,
                                    const LocalDigests& hashed, const RunContext& run) {
    if (is_local(file)) {
        return checked_local_file(file, hashed, run);
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

Result<LocalDigests> digests_of_pair(const std::filesystem::path& a, const std::filesystem::path& b,
                                     const RunContext& run) {
    const auto status_a = status_of(a);
    const auto status_b = status_of(b);
    ENVPACK_TRY(const auto file_a, MappedFile::open(a));
    ENVPACK_TRY(const auto file_b, MappedFile::open(b));
    ENVPACK_TRY(const auto digests, digests_of_two(*file_a, *file_b, run));
    LocalDigests known;
    if (status_a && status_b) {
        known = {{a, {digests.first, *status_a}}, {b, {digests.second, *status_b}}};
    }
    return known;
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

Result<LocalDigests> digests_of_local_files(const std::vector<LockedChoice>& choices,
                                            const std::filesystem::path& folder,
                                            const RunContext& run) {
    std::vector<std::pair<std::uint64_t, std::filesystem::path>> files;
    for (const LockedChoice& choice : choices) {
        if (choice.file == nullptr) {
            continue;
        }
        const auto named = dist_file(*choice.file, folder);
        if (!named || !is_local(*named)) {
            continue;
        }
        if (auto path = local_path(*named)) {
            files.emplace_back(size_of(choice), *std::move(path));
        }
    }
    if (files.size() <= run.max_parallel || !can_hash_at_once()) {
        return LocalDigests();  // each in a thread of its own is faster
    }
    // Neighbours in size end at about the same time.
    std::ranges::sort(files, std::greater<>());
    std::atomic<std::size_t> done{0};
    const auto hash_pair = [&](std::size_t i) -> Result<LocalDigests> {
        auto digests = digests_of_pair(files[2 * i].second, files[2 * i + 1].second, run);
        ENVPACK_CHECK(run.check());
        run.report("wheels hashed", done += 2, files.size());
        return digests ? *std::move(digests) : LocalDigests();
    };
    ENVPACK_TRY(std::vector<LocalDigests> hashed,
                parallel_map<LocalDigests>(files.size() / 2, hash_pair, run));
    LocalDigests digests;
    for (LocalDigests& pair : hashed) {
        digests.merge(pair);
    }
    return digests;
}

Result<BuiltWheel> wheel_file(const LockedChoice& choice, const std::filesystem::path& folder,
                              const LockSources& sources, const LocalDigests& hashed,
                              const RunContext& run) {
    const auto& [package, file] = choice;
    if (file == nullptr) {
        return wheel_of(*package, folder, sources.services(), run);
    }
    ENVPACK_TRY(const index::DistFile named, dist_file(*file, folder));
    ENVPACK_TRY(std::filesystem::path path, fetch(named, sources.index(), hashed, run));
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
