#include "envpack/wheel/wheel_archive.hpp"

#include "content_text.hpp"
#include "envpack/archive/zip_reader.hpp"
#include "envpack/base/bytes.hpp"
#include "envpack/base/parallel.hpp"
#include "envpack/base/text.hpp"
#include "record_check.hpp"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include <fmt/core.h>

namespace envpack::wheel {

struct WheelArchive::State {
    packaging::WheelFilename filename;
    packaging::PackageName name;
    packaging::WheelMetadata wheel_metadata;
    packaging::CoreMetadata metadata;
    packaging::EntryPoints entry_points;
    SafePath dist_info;
    std::vector<WheelFile> files;
    std::vector<std::string> notes;
};

namespace {

const WheelFile* find_in(const std::vector<WheelFile>& files, const SafePath& path) noexcept {
    const auto found = std::ranges::lower_bound(files, path, {}, &WheelFile::path);
    return found != files.end() && found->path == path ? &*found : nullptr;
}

std::vector<WheelFile> files_of(const archive::ZipReader& zip) {
    std::vector<WheelFile> files;
    files.reserve(zip.entries().size());
    for (const archive::ZipEntry& entry : zip.entries()) {
        if (!entry.is_directory) {
            files.push_back({.path = entry.path,
                             .executable = (entry.mode & 0111) != 0,
                             .content = entry.content});
        }
    }
    return files;
}

// The one folder `name-version.dist-info`, whose name must say what the file name says. Several
// make it a question of the reader which distribution this is (reliability.md, W1).
Result<SafePath> find_dist_info(const std::vector<WheelFile>& files,
                                const packaging::PackageName& name,
                                const packaging::Version& version) {
    std::set<std::string_view> folders;
    for (const WheelFile& file : files) {
        const std::string_view path = file.path.str();
        const std::string_view top = path.substr(0, path.find('/'));
        if (top.size() < path.size() && text::to_lower(top).ends_with(dist_info_suffix)) {
            folders.insert(top);
        }
    }
    if (folders.empty()) {
        return refuse("wheel.dist-info", "the wheel has no .dist-info folder");
    }
    if (folders.size() > 1) {
        return refuse("wheel.dist-info",
                      fmt::format("the wheel has {} .dist-info folders, `{}` and `{}` among them",
                                  folders.size(), *folders.begin(), *folders.rbegin()));
    }
    const std::string_view folder = *folders.begin();
    const std::string_view stem = folder.substr(0, folder.size() - dist_info_suffix.size());
    const std::size_t dash = stem.find('-');
    if (folder.ends_with(dist_info_suffix) && dash != std::string_view::npos) {
        const auto folder_name = packaging::PackageName::parse(stem.substr(0, dash));
        const auto folder_version = packaging::Version::parse(stem.substr(dash + 1));
        if (folder_name && folder_version && *folder_name == name && *folder_version == version) {
            return SafePath::parse(folder);
        }
    }
    return refuse("wheel.dist-info",
                  fmt::format("the folder `{}` is not that of {} {}, which the file name promises",
                              folder, name.str(), version.to_string()));
}

// A text that decisions are based on, so its hash is checked now and not only while writing.
Result<std::string> read_required(const std::vector<WheelFile>& files, const SafePath& path,
                                  const Limits& limits) {
    const WheelFile* const file = find_in(files, path);
    if (file == nullptr) {
        return refuse("wheel.missing-file", fmt::format("the wheel has no `{}`", path.str()));
    }
    return read_text(path, file->content, file->sha256, limits.max_metadata);
}

std::string reading(std::string_view filename) {
    return fmt::format("while reading the wheel `{}`", text::printable(filename));
}

Result<void> check_identity(const packaging::CoreMetadata& metadata,
                            const packaging::PackageName& name, const packaging::Version& version) {
    if (metadata.name != name || metadata.version != version) {
        return refuse("wheel.identity",
                      fmt::format("METADATA describes {} {}, but the file name promises {} {}",
                                  metadata.name.str(), metadata.version.to_string(), name.str(),
                                  version.to_string()));
    }
    return {};
}

}  // namespace

WheelArchive::WheelArchive(std::shared_ptr<const State> state) noexcept
    : state_(std::move(state)) {}

Result<WheelArchive> WheelArchive::open(const std::filesystem::path& path, const Limits& limits) {
    return open_as(path, path.filename().string(), limits);
}

Result<WheelArchive> WheelArchive::open_as(const std::filesystem::path& path,
                                           std::string_view filename, const Limits& limits) {
    // Before the file is opened, so that what is no wheel at all is called so.
    const auto zip = [&]() -> Result<archive::ZipReader> {
        ENVPACK_CHECK(packaging::WheelFilename::parse(filename));
        return archive::ZipReader::open(path, limits);
    }();
    if (!zip) {
        return with_context(Result<WheelArchive>(fail(zip.error())), reading(filename));
    }
    return from_files(filename, files_of(*zip), limits);
}

Result<WheelArchive> WheelArchive::from_files(std::string_view filename,
                                              std::vector<WheelFile> files, const Limits& limits) {
    const auto load = [&]() -> Result<WheelArchive> {
        ENVPACK_TRY(packaging::WheelFilename parsed, packaging::WheelFilename::parse(filename));
        ENVPACK_TRY(packaging::PackageName name, parsed.package_name());
        ENVPACK_TRY(SafePath dist_info, find_dist_info(files, name, parsed.version));
        ENVPACK_TRY(const std::size_t without_hash, attach_record(files, dist_info, limits));

        ENVPACK_TRY(const std::string wheel_text,
                    read_required(files, dist_info / "WHEEL", limits));
        ENVPACK_TRY(packaging::WheelMetadata wheel_metadata,
                    with_context(packaging::WheelMetadata::parse(wheel_text, limits),
                                 "while reading WHEEL"));
        ENVPACK_TRY(const std::string metadata_text,
                    read_required(files, dist_info / "METADATA", limits));
        ENVPACK_TRY(packaging::CoreMetadata metadata,
                    with_context(packaging::CoreMetadata::parse(metadata_text, limits),
                                 "while reading METADATA"));
        ENVPACK_CHECK(check_identity(metadata, name, parsed.version));
        packaging::EntryPoints entry_points;
        if (const SafePath points = dist_info / "entry_points.txt"; find_in(files, points)) {
            ENVPACK_TRY(const std::string points_text, read_required(files, points, limits));
            ENVPACK_TRY(entry_points,
                        with_context(packaging::EntryPoints::parse(points_text, limits),
                                     "while reading entry_points.txt"));
        }

        std::vector<std::string> notes;
        if (without_hash > 0) {
            notes.push_back(
                fmt::format("RECORD has no sha256 of {} files, so nothing says whether "
                            "they are the ones that were built",
                            without_hash));
        }
        if (wheel_metadata.minor > 0) {
            // PEP 427: warn when the minor version is newer than what is understood.
            notes.push_back(fmt::format("the wheel has the newer format {}.{}",
                                        wheel_metadata.major, wheel_metadata.minor));
        }
        if (wheel_metadata.tags != parsed.tags) {
            // Common among wheels that were renamed after the build; the file name is what counts.
            notes.emplace_back("the tags in WHEEL are not those of the file name");
        }
        return WheelArchive(std::make_shared<const State>(State{
            .filename = std::move(parsed),
            .name = std::move(name),
            .wheel_metadata = std::move(wheel_metadata),
            .metadata = std::move(metadata),
            .entry_points = std::move(entry_points),
            .dist_info = std::move(dist_info),
            .files = std::move(files),
            .notes = std::move(notes),
        }));
    };
    return with_context(load(), reading(filename));
}

const packaging::WheelFilename& WheelArchive::filename() const noexcept {
    return state_->filename;
}
const packaging::PackageName& WheelArchive::name() const noexcept {
    return state_->name;
}
const packaging::Version& WheelArchive::version() const noexcept {
    return state_->filename.version;
}
const packaging::WheelMetadata& WheelArchive::wheel_metadata() const noexcept {
    return state_->wheel_metadata;
}
const packaging::CoreMetadata& WheelArchive::metadata() const noexcept {
    return state_->metadata;
}
const packaging::EntryPoints& WheelArchive::entry_points() const noexcept {
    return state_->entry_points;
}
const SafePath& WheelArchive::dist_info() const noexcept {
    return state_->dist_info;
}
const std::vector<WheelFile>& WheelArchive::files() const noexcept {
    return state_->files;
}
const std::vector<std::string>& WheelArchive::notes() const noexcept {
    return state_->notes;
}

const WheelFile* WheelArchive::find(const SafePath& path) const noexcept {
    return find_in(state_->files, path);
}

Result<void> WheelArchive::verify(const RunContext& run) const {
    const auto check = [this, &run](std::size_t index) -> Result<void> {
        const WheelFile& file = state_->files[index];
        ENVPACK_TRY(const Digest found, digest_of(file.path, file.content, run));
        if (file.sha256 && found != *file.sha256) {
            return fail(hash_mismatch(file.path, *file.sha256, found));
        }
        return {};
    };
    return with_context(parallel_for(state_->files.size(), check, run),
                        fmt::format("while checking the wheel `{}`", state_->filename.to_string()));
}

}  // namespace envpack::wheel
