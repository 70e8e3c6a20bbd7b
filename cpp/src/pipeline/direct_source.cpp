#include "direct_source.hpp"

#include "envpack/base/file.hpp"
#include "envpack/base/text.hpp"
#include "envpack/http/url.hpp"
#include "envpack/packaging/sdist_filename.hpp"
#include "envpack/packaging/wheel_filename.hpp"
#include "git_source.hpp"
#include "place.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;
using packaging::RequirementLine;

bool is_wheel_name(std::string_view filename) {
    return filename.ends_with(".whl");
}

/// The file behind an http or file URL, with its name; one of `allowed`, where there are any.
struct Fetched {
    fs::path path;
    std::string filename;
    Digest sha256;
};
Result<Fetched> fetch_file(const std::string& url, const std::set<Digest>& allowed,
                           const DirectServices& services, const RunContext& run) {
    ENVPACK_TRY(const http::Url parsed, http::Url::parse(url));
    Fetched fetched;
    ENVPACK_TRY(fetched.filename, parsed.file_name());
    const auto only = allowed.size() == 1 ? std::optional(*allowed.begin()) : std::nullopt;
    if (!parsed.is_file()) {
        ENVPACK_TRY(const auto place, index::open_find_links(url, services.network));
        ENVPACK_TRY(
            fetched.path,
            place->download({.filename = fetched.filename, .url = url, .sha256 = only}, run));
        if (only) {  // download() has checked it
            fetched.sha256 = *only;
            return fetched;
        }
    } else {
        ENVPACK_TRY(fetched.path, parsed.file_path());
    }
    ENVPACK_TRY(fetched.sha256, digest_of_file(fetched.path, run));
    if (!allowed.empty() && !allowed.contains(fetched.sha256)) {
        std::vector<std::string> expected;
        for (const Digest& digest : allowed) {
            expected.push_back(digest.hex());
        }
        return fail(place_refused(ErrorCode::digest_mismatch,
                                  fmt::format("`{}` has sha256 {}, not {}", text::redact_url(url),
                                              fetched.sha256.hex(), text::join(expected, " or "))));
    }
    return fetched;
}

/// A wheel as it is, an sdist built.
Result<BuiltWheel> wheel_from_file(const Fetched& file, const std::string& subdirectory,
                                   const DirectServices& services, const RunContext& run) {
    if (is_wheel_name(file.filename)) {
        return BuiltWheel{.path = file.path, .filename = file.filename, .sha256 = file.sha256};
    }
    if (subdirectory.empty()) {
        return services.builder->build(file.path, file.filename, file.sha256, run);
    }
    // pip's own way to name a folder inside an archive.
    const std::string identity = file.sha256.hex() + '\n' + subdirectory;
    return services.builder->build(
        http::Url::from_path(file.path).to_string() + "#subdirectory=" + subdirectory,
        file.filename, Digest::of(as_bytes(identity)), run);
}

/// Checked out, then built; a commit is built once.
struct Repository {
    std::string commit;
    BuiltWheel wheel;
};
Result<Repository> wheel_from_git(const std::string& url, const std::string& revision,
                                  const std::string& subdirectory, const DirectServices& services,
                                  const RunContext& run) {
    // As the lock writes the URL, so that a build from the lock finds what a resolve built.
    const std::string shown = text::redact_url(url);
    const auto key_of = [&](const std::string& commit) {
        return Digest::of(as_bytes(fmt::format("{}\n{}\n{}", shown, commit, subdirectory)));
    };
    if (is_full_commit(revision)) {
        const std::string commit = text::to_lower(revision);
        ENVPACK_TRY(auto built, services.builder->find_built(key_of(commit), run));
        if (built) {
            return Repository{.commit = commit, .wheel = *std::move(built)};
        }
    }
    const fs::path scratch = services.builder->cache().root() / "scratch";
    ENVPACK_CHECK(ensure_directory(scratch));
    ENVPACK_TRY(const TemporaryDirectory folder, TemporaryDirectory::create(scratch));
    const fs::path place = folder.path() / "repository";
    Repository result;
    ENVPACK_TRY(result.commit, check_out(url, revision, place, services.builder->user(),
                                         services.network.offline, run));
    ENVPACK_TRY(result.wheel,
                services.builder->build(place / subdirectory, shown, key_of(result.commit), run));
    return result;
}

/// `folder` as a lock in `lock_folder` names it.
Result<std::string> path_in_lock(const fs::path& folder, const fs::path& lock_folder) {
    ENVPACK_TRY(const fs::path from, absolute_path(lock_folder.empty() ? "." : lock_folder));
    const fs::path relative = folder.lexically_relative(from);
    const std::string path = relative.generic_string();
    if (path.empty() || path == ".." || path.starts_with("../")) {
        return fail(place_refused(ErrorCode::unsupported,
                                  fmt::format("a lock in `{}` cannot name the folder `{}`",
                                              from.string(), folder.string()))
                        .with_hint("write the lock beside or above the project, or build a wheel "
                                   "of it and name that"));
    }
    return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
}

/// Hash mode: only a file can be vouched for, and nothing else may be opened, let alone run.
Result<void> check_hashed(const RequirementLine& line, const Place& place, bool require_hashes) {
    const bool is_file = !place.is_git && !place.is_folder();
    if (is_file ? !place.sha256.empty() || !require_hashes
                : place.sha256.empty() && !require_hashes) {
        return {};
    }
    return fail(Error(ErrorCode::invalid_argument,
                      is_file ? fmt::format("in hash mode, `{}` must have a sha256 hash", line.text)
                              : fmt::format("`{}` is a {}, which has no hash to check", line.text,
                                            place.is_git ? "repository" : "folder"))
                    .with_rule("resolve.hashes")
                    .with_hint(is_file ? "add `--hash=sha256:…` to the line"
                                       : "name a file with its hash, or turn hash mode off"));
}

/// Fills source and name of the lock's entry; returns the wheel.
Result<BuiltWheel> open_place(const Place& place, bool editable, const DirectServices& services,
                              env::LockedPackage& locked, const RunContext& run) {
    if (place.is_git) {
        ENVPACK_TRY(Repository repository,
                    wheel_from_git(place.url, place.revision, place.subdirectory, services, run));
        locked.vcs = env::LockedVcs{.type = "git",
                                    .url = text::redact_url(place.url),
                                    .requested_revision = place.revision,
                                    .commit_id = repository.commit,
                                    .subdirectory = place.subdirectory};
        return std::move(repository.wheel);
    }
    if (place.is_folder()) {
        ENVPACK_TRY(const http::Url url, http::Url::parse(place.url));
        ENVPACK_TRY(const fs::path path, url.file_path());
        ENVPACK_TRY(const std::string shown, path_in_lock(path, services.lock_folder));
        locked.directory = env::LockedDirectory{
            .path = shown, .editable = editable, .subdirectory = place.subdirectory};
        return services.builder->build(path / place.subdirectory, shown, std::nullopt, run);
    }
    ENVPACK_TRY(const Fetched file, fetch_file(place.url, place.sha256, services, run));
    std::error_code ignored;
    locked.archive = env::LockedArchive{.file = {.name = file.filename,
                                                 .url = text::redact_url(place.url),
                                                 .size = fs::file_size(file.path, ignored),
                                                 .sha256 = file.sha256},
                                        .subdirectory = place.subdirectory};
    return wheel_from_file(file, place.subdirectory, services, run);
}

}  // namespace

Result<DirectSource> open_direct(const RequirementLine& line, const DirectServices& services,
                                 const RunContext& run) {
    ENVPACK_TRY(const Place place, read_place(line));
    ENVPACK_CHECK(check_hashed(line, place, services.require_hashes));
    // The name is known once the wheel is there.
    ENVPACK_TRY(packaging::PackageName unknown, packaging::PackageName::parse("unknown"));
    env::LockedPackage locked{.name = std::move(unknown)};
    ENVPACK_TRY(const BuiltWheel wheel, open_place(place, line.editable, services, locked, run));
    ENVPACK_TRY(const auto filename, packaging::WheelFilename::parse(wheel.filename));
    ENVPACK_TRY(locked.name, packaging::PackageName::parse(filename.name));
    locked.version = filename.version;
    if (line.requirement && line.requirement->name != locked.name) {
        return fail(place_refused(ErrorCode::invalid_argument,
                                  fmt::format("`{}` gives {}, not {}", line.text, locked.name.str(),
                                              line.requirement->name.str())));
    }
    const std::string& text =
        line.requirement && !line.requirement->url.empty() ? line.requirement->url : line.location;
    return DirectSource{.url = text.find("://") == std::string::npos ? place.url : text,
                        .wheel = wheel.path,
                        .file = {.filename = wheel.filename,
                                 .url = http::Url::from_path(wheel.path).to_string(),
                                 .sha256 = wheel.sha256},
                        .locked = std::move(locked)};
}

Result<BuiltWheel> wheel_of(const env::LockedPackage& package, const fs::path& folder,
                            const DirectServices& services, const RunContext& run) {
    if (const auto& vcs = package.vcs) {
        if (vcs->type != "git" || vcs->url.empty()) {
            return fail(place_refused(
                ErrorCode::unsupported,
                fmt::format("{} comes from a repository that is not git's", package.name.str())));
        }
        ENVPACK_TRY(Repository repository,
                    wheel_from_git(vcs->url, vcs->commit_id, vcs->subdirectory, services, run));
        if (repository.commit != vcs->commit_id) {
            return fail(place_refused(
                ErrorCode::digest_mismatch,
                fmt::format("`{}` gives commit {}, the lock says {}", text::redact_url(vcs->url),
                            repository.commit, vcs->commit_id)));
        }
        return std::move(repository.wheel);
    }
    if (const auto& directory = package.directory) {
        return services.builder->build(folder / directory->path / directory->subdirectory,
                                       directory->path, std::nullopt, run);
    }
    const env::LockedFile& file = package.archive ? package.archive->file : *package.sdist;
    std::string url = file.url;
    if (!file.path.empty()) {
        ENVPACK_TRY(const fs::path path, absolute_path(folder / file.path));
        url = http::Url::from_path(path).to_string();
    }
    ENVPACK_TRY(const Fetched fetched, fetch_file(url, {file.sha256}, services, run));
    if (is_wheel_name(fetched.filename)) {
        ENVPACK_CHECK(services.builder->check_fits(fetched.filename,
                                                   "the archive of " + package.name.to_string()));
    }
    return wheel_from_file(fetched, package.archive ? package.archive->subdirectory : "", services,
                           run);
}

Result<Digest> digest_of_file(const fs::path& path, const RunContext& run) {
    ENVPACK_TRY(FileSource source, FileSource::open(path));
    return Digest::of(source, run);
}

}  // namespace envpack::pipeline
