#include "lock_source.hpp"

#include "envpack/base/safe_path.hpp"
#include "envpack/base/text.hpp"
#include "envpack/packaging/sdist_filename.hpp"
#include "envpack/packaging/wheel_filename.hpp"

#include <algorithm>

namespace envpack::env {
namespace {

Error refused(const LockTable& table, std::string_view key, std::string_view why,
              std::string_view rule) {
    return Error(ErrorCode::parse_error,
                 "`" + table.name(key) + "` of the lock " + std::string(why))
        .with_rule(std::string(rule));
}

/// A path below the lock's folder. PEP 751 allows any; a lock that somebody sends must not make
/// us read elsewhere.
Result<std::string> read_path(const LockTable& table, std::string_view key, const Limits& limits) {
    ENVPACK_TRY(const std::string text, table.text(key));
    if (text.empty()) {
        return text;
    }
    const auto path = SafePath::normalize(text, limits);
    if (text.starts_with('/') || text.find(':') == 1 || text.find('\\') != std::string::npos ||
        !path) {
        return fail(refused(table, key, "leaves the folder of the lock", "lock.path-escape"));
    }
    return path->is_root() ? std::string(".") : path->str();
}

Result<std::string> read_url(const LockTable& table, bool is_file) {
    ENVPACK_TRY(const std::string url, table.text("url"));
    if (url.empty()) {
        return url;
    }
    const std::size_t end = url.find("://");
    const std::string scheme = text::to_lower(url.substr(0, end));
    const bool plain = std::none_of(url.begin(), url.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte == 0x7f || c == '\\';
    });
    const bool known = scheme == "https" || scheme == "http" || scheme == "file" ||
                       (!is_file && (scheme == "ssh" || scheme == "git"));
    if (end == std::string::npos || !plain || !known) {
        return fail(refused(table, "url", "is no URL that envpack reads", "lock.url"));
    }
    const bool no_host = url.size() == end + 3 || url[end + 3] == '/';
    if ((scheme == "file") != no_host) {
        return fail(refused(
            table, "url", no_host ? "names no host" : "names a file of another host", "lock.url"));
    }
    return url;
}

Result<LockedFile> read_file_entry(const LockTable& table, const Limits& limits) {
    LockedFile file{.name = {}};
    ENVPACK_TRY(file.url, read_url(table, true));
    ENVPACK_TRY(file.path, read_path(table, "path", limits));
    if (file.url.empty() && file.path.empty()) {
        return fail(table.missing("url"));
    }
    ENVPACK_TRY(file.name, table.text("name"));
    if (file.name.empty()) {
        std::string_view from = file.path.empty() ? file.url : file.path;
        from = from.substr(0, file.path.empty() ? from.find_first_of("?#") : from.size());
        from = from.substr(from.rfind('/') + 1);
        file.name = file.path.empty() ? text::percent_decode(from).value_or("") : std::string(from);
    }
    if (const auto segment = SafePath::parse(file.name, limits);
        !segment || file.name.empty() || file.name.find('/') != std::string::npos) {
        return fail(refused(table, "name", "is no file name", "lock.file-name"));
    }
    ENVPACK_TRY(file.size, table.size("size"));
    ENVPACK_TRY(const std::string time, table.text("upload-time"));
    if (!time.empty()) {
        const auto normal = normalize_upload_time(time);
        if (!normal) {
            return fail(refused(table, "upload-time", "must be a time in UTC", "lock.type"));
        }
        file.upload_time = *normal;
    }
    ENVPACK_TRY(const auto hashes, table.table("hashes"));
    if (!hashes) {
        return fail(table.missing("hashes"));
    }
    ENVPACK_TRY(const std::string sha256, hashes->text("sha256"));
    const auto digest = Digest::parse_hex(sha256);
    if (!digest) {
        return fail(refused(table, "hashes", "has no valid sha256", "lock.hash"));
    }
    file.sha256 = *digest;
    return file;
}

Error wrong_file(const LockTable& table, const LockedFile& file, const LockedPackage& package) {
    return refused(table, "name",
                   "is `" + text::printable(file.name) + "`, which is no file of " +
                       package.name.to_string() +
                       (package.version ? ' ' + package.version->to_string() : ""),
                   "lock.file-name");
}

Result<void> read_wheels(const LockTable& table, LockedPackage& package, const Limits& limits) {
    ENVPACK_TRY(const auto entries, table.tables("wheels"));
    for (const LockTable& entry : entries) {
        ENVPACK_TRY(LockedFile file, read_file_entry(entry, limits));
        const auto name = packaging::WheelFilename::parse(file.name);
        if (!name || name->name != package.name.str() ||
            (package.version && name->version != *package.version)) {
            return fail(wrong_file(entry, file, package));
        }
        package.wheels.push_back(std::move(file));
    }
    return {};
}

Result<void> read_sdist(const LockTable& table, LockedPackage& package, const Limits& limits) {
    ENVPACK_TRY(const auto entry, table.table("sdist"));
    if (!entry) {
        return {};
    }
    ENVPACK_TRY(LockedFile file, read_file_entry(*entry, limits));
    const auto name = packaging::SdistFilename::parse(file.name);
    if (!name || name->name != package.name.str() ||
        (package.version && name->version != *package.version)) {
        return fail(wrong_file(*entry, file, package));
    }
    package.sdist = std::move(file);
    return {};
}

Result<void> read_vcs(const LockTable& table, LockedPackage& package, const Limits& limits) {
    ENVPACK_TRY(const auto entry, table.table("vcs"));
    if (!entry) {
        return {};
    }
    LockedVcs vcs{.type = {}};
    ENVPACK_TRY(vcs.type, entry->required_text("type"));
    ENVPACK_TRY(vcs.url, read_url(*entry, false));
    ENVPACK_TRY(vcs.path, read_path(*entry, "path", limits));
    if (vcs.url.empty() && vcs.path.empty()) {
        return fail(entry->missing("url"));
    }
    ENVPACK_TRY(vcs.requested_revision, entry->text("requested-revision"));
    ENVPACK_TRY(vcs.commit_id, entry->required_text("commit-id"));
    ENVPACK_TRY(vcs.subdirectory, read_path(*entry, "subdirectory", limits));
    package.vcs = std::move(vcs);
    return {};
}

Result<void> read_directory(const LockTable& table, LockedPackage& package, const Limits& limits) {
    ENVPACK_TRY(const auto entry, table.table("directory"));
    if (!entry) {
        return {};
    }
    LockedDirectory directory{.path = {}};
    ENVPACK_TRY(directory.path, read_path(*entry, "path", limits));
    if (directory.path.empty()) {
        return fail(entry->missing("path"));
    }
    ENVPACK_TRY(directory.editable, entry->flag("editable"));
    ENVPACK_TRY(directory.subdirectory, read_path(*entry, "subdirectory", limits));
    package.directory = std::move(directory);
    return {};
}

Result<void> read_archive(const LockTable& table, LockedPackage& package, const Limits& limits) {
    ENVPACK_TRY(const auto entry, table.table("archive"));
    if (!entry) {
        return {};
    }
    LockedArchive archive{.file = {.name = {}}};
    ENVPACK_TRY(archive.file, read_file_entry(*entry, limits));
    ENVPACK_TRY(archive.subdirectory, read_path(*entry, "subdirectory", limits));
    package.archive = std::move(archive);
    return {};
}

}  // namespace

Result<void> read_sources(const LockTable& table, LockedPackage& package, const Limits& limits) {
    ENVPACK_CHECK(read_wheels(table, package, limits));
    ENVPACK_CHECK(read_sdist(table, package, limits));
    ENVPACK_CHECK(read_vcs(table, package, limits));
    ENVPACK_CHECK(read_directory(table, package, limits));
    ENVPACK_CHECK(read_archive(table, package, limits));
    const bool from_index = !package.wheels.empty() || package.sdist.has_value();
    const int kinds = (from_index ? 1 : 0) + (package.vcs ? 1 : 0) + (package.directory ? 1 : 0) +
                      (package.archive ? 1 : 0);
    if (kinds != 1) {
        return fail(Error(ErrorCode::parse_error,
                          "`" + package.name.to_string() + "` of the lock has " +
                              (kinds == 0 ? "no source" : "sources of several kinds"))
                        .with_rule("lock.source"));
    }
    return {};
}

}  // namespace envpack::env
