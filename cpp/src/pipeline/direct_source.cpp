#include "direct_source.hpp"

#include "envpack/base/file.hpp"
#include "envpack/base/text.hpp"
#include "envpack/http/url.hpp"
#include "envpack/packaging/sdist_filename.hpp"
#include "envpack/packaging/wheel_filename.hpp"
#include "git_source.hpp"

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

/// A place taken apart: `git+https://host/repo@v1#subdirectory=py`.
struct Place {
    std::string url;  ///< without `git+`, revision and fragment; a path is a file URL
    bool is_git = false;
    std::string revision = {};
    std::string subdirectory = {};
    std::optional<Digest> sha256 = std::nullopt;
};

Error refused(ErrorCode code, std::string message) {
    return Error(code, std::move(message)).with_rule("resolve.direct");
}

/// `#sha256=…&subdirectory=…` (pip documentation, "VCS Support"; PEP 610).
Result<void> read_fragment(std::string_view fragment, Place& place) {
    for (const std::string_view piece : text::split(fragment, '&')) {
        const std::size_t equals = piece.find('=');
        const std::string_view key = piece.substr(0, equals);
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1);
        if (key == "sha256") {
            ENVPACK_TRY(place.sha256, Digest::parse_hex(value));
        } else if (key == "subdirectory") {
            const std::optional<std::string> folder = text::percent_decode(value);
            ENVPACK_TRY(const SafePath path,
                        SafePath::normalize(folder.value_or(std::string(value))));
            place.subdirectory = path.str();
        }
    }
    return {};
}

Result<Place> read_place(std::string_view text) {
    Place place;
    const std::size_t scheme_end = text.find("://");
    const std::size_t hash = text.find('#');
    if (scheme_end != std::string_view::npos || text::to_lower(text.substr(0, 5)) == "file:") {
        if (hash != std::string_view::npos) {
            ENVPACK_CHECK(read_fragment(text.substr(hash + 1), place));
            text = text.substr(0, hash);
        }
    }
    const std::string scheme = text::to_lower(text.substr(0, scheme_end));
    const std::size_t plus =
        scheme_end == std::string_view::npos ? std::string_view::npos : scheme.find('+');
    if (plus != std::string_view::npos) {
        if (scheme.substr(0, plus) != "git") {
            return fail(refused(ErrorCode::unsupported,
                                fmt::format("`{}` is no git repository; others are not supported",
                                            text::printable(text::redact_url(std::string(text))))));
        }
        place.is_git = true;
        text = text.substr(plus + 1);
        // The revision is behind the last @ of the path; an @ before it names a user.
        const std::size_t authority = text.find("://") + 3;
        const std::size_t path = text.find('/', authority);
        const std::size_t at = text.rfind('@');
        if (at != std::string_view::npos && path != std::string_view::npos && at > path) {
            place.revision = text.substr(at + 1);
            text = text.substr(0, at);
        }
        place.url = text;
        return place;
    }
    if (scheme_end == std::string_view::npos && !scheme.starts_with("file:")) {
        ENVPACK_TRY(const fs::path absolute, absolute_path(fs::path(text)));
        place.url = http::Url::from_path(absolute).to_string();
        return place;
    }
    ENVPACK_TRY(const http::Url url, http::Url::parse(text));
    place.url = url.to_string();
    return place;
}

bool is_wheel_name(std::string_view filename) {
    return filename.ends_with(".whl");
}

/// The file behind an http or file URL, with its name; checked against `sha256`.
struct Fetched {
    fs::path path;
    std::string filename;
    Digest sha256;
};
Result<Fetched> fetch_file(const std::string& url, const std::optional<Digest>& sha256,
                           const DirectServices& services, const RunContext& run) {
    ENVPACK_TRY(const http::Url parsed, http::Url::parse(url));
    Fetched fetched;
    ENVPACK_TRY(fetched.filename, parsed.file_name());
    if (parsed.is_file()) {
        ENVPACK_TRY(fetched.path, parsed.file_path());
    } else {
        ENVPACK_TRY(const auto place, index::open_find_links(url, services.network));
        ENVPACK_TRY(
            fetched.path,
            place->download({.filename = fetched.filename, .url = url, .sha256 = sha256}, run));
    }
    ENVPACK_TRY(fetched.sha256, digest_of_file(fetched.path, run));
    if (sha256 && *sha256 != fetched.sha256) {
        return fail(refused(ErrorCode::digest_mismatch,
                            fmt::format("`{}` has sha256 {}, not {}", text::redact_url(url),
                                        fetched.sha256.hex(), sha256->hex())));
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
    const fs::path scratch = services.builder->cache().root() / "scratch";
    ENVPACK_CHECK(ensure_directory(scratch));
    ENVPACK_TRY(const TemporaryDirectory folder, TemporaryDirectory::create(scratch));
    const fs::path place = folder.path() / "repository";
    Repository result;
    ENVPACK_TRY(result.commit, check_out(url, revision, place, services.builder->user(), run));
    const std::string identity = fmt::format("{}\n{}\n{}", url, result.commit, subdirectory);
    ENVPACK_TRY(result.wheel, services.builder->build(place / subdirectory, text::redact_url(url),
                                                      Digest::of(as_bytes(identity)), run));
    return result;
}

/// `folder` as a lock in `lock_folder` names it.
Result<std::string> path_in_lock(const fs::path& folder, const fs::path& lock_folder) {
    ENVPACK_TRY(const fs::path from, absolute_path(lock_folder.empty() ? "." : lock_folder));
    const fs::path relative = folder.lexically_relative(from);
    const std::string path = relative.generic_string();
    if (path.empty() || path == ".." || path.starts_with("../")) {
        return fail(refused(ErrorCode::unsupported,
                            fmt::format("a lock in `{}` cannot name the folder `{}`", from.string(),
                                        folder.string()))
                        .with_hint("write the lock beside or above the project, or build a wheel "
                                   "of it and name that"));
    }
    return path.ends_with('/') ? path.substr(0, path.size() - 1) : path;
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
    ENVPACK_TRY(const http::Url url, http::Url::parse(place.url));
    if (url.is_file()) {
        ENVPACK_TRY(const fs::path path, url.file_path());
        std::error_code ignored;
        if (fs::is_directory(path, ignored)) {
            ENVPACK_TRY(const std::string shown, path_in_lock(path, services.lock_folder));
            locked.directory = env::LockedDirectory{
                .path = shown, .editable = editable, .subdirectory = place.subdirectory};
            return services.builder->build(path / place.subdirectory, shown, std::nullopt, run);
        }
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

bool is_direct(const RequirementLine& line) {
    return !line.requirement || line.editable || !line.requirement->url.empty() ||
           !line.location.empty();
}

Result<DirectSource> open_direct(const RequirementLine& line, const DirectServices& services,
                                 const RunContext& run) {
    const std::string& text =
        line.requirement && !line.requirement->url.empty() ? line.requirement->url : line.location;
    ENVPACK_TRY(Place place, read_place(text));
    for (const packaging::HashOption& hash : line.hashes) {
        if (hash.algorithm == "sha256" && !place.sha256) {
            ENVPACK_TRY(place.sha256, Digest::parse_hex(hash.hex));
        }
    }
    // The name is known once the wheel is there.
    ENVPACK_TRY(packaging::PackageName unknown, packaging::PackageName::parse("unknown"));
    env::LockedPackage locked{.name = std::move(unknown)};
    ENVPACK_TRY(const BuiltWheel wheel, open_place(place, line.editable, services, locked, run));
    ENVPACK_TRY(const auto filename, packaging::WheelFilename::parse(wheel.filename));
    ENVPACK_TRY(locked.name, packaging::PackageName::parse(filename.name));
    locked.version = filename.version;
    if (line.requirement && line.requirement->name != locked.name) {
        return fail(refused(ErrorCode::invalid_argument,
                            fmt::format("`{}` gives {}, not {}", line.text, locked.name.str(),
                                        line.requirement->name.str())));
    }
    return DirectSource{.url = text.find("://") == std::string::npos ? place.url : text,
                        .has_hash = place.sha256.has_value(),
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
            return fail(refused(
                ErrorCode::unsupported,
                fmt::format("{} comes from a repository that is not git's", package.name.str())));
        }
        ENVPACK_TRY(Repository repository,
                    wheel_from_git(vcs->url, vcs->commit_id, vcs->subdirectory, services, run));
        if (repository.commit != vcs->commit_id) {
            return fail(refused(ErrorCode::digest_mismatch,
                                fmt::format("`{}` gives commit {}, the lock says {}", vcs->url,
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
    ENVPACK_TRY(const Fetched fetched, fetch_file(url, file.sha256, services, run));
    return wheel_from_file(fetched, package.archive ? package.archive->subdirectory : "", services,
                           run);
}

Result<Digest> digest_of_file(const fs::path& path, const RunContext& run) {
    ENVPACK_TRY(FileSource source, FileSource::open(path));
    HashingSink hash;
    ENVPACK_CHECK(copy(source, hash, run));
    return std::move(hash).digest();
}

}  // namespace envpack::pipeline
