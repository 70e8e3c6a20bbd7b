#include "envpack/index/memory_index.hpp"

#include "envpack/base/text.hpp"
#include "envpack/packaging/sdist_filename.hpp"
#include "envpack/packaging/version.hpp"
#include "envpack/packaging/wheel_filename.hpp"
#include "wheel_metadata.hpp"

#include <utility>

#include <fmt/format.h>

namespace envpack::index {

namespace {

std::string metadata_text(std::string_view name, std::string_view version,
                          const MemoryRelease& release) {
    std::string text = fmt::format("Metadata-Version: 2.1\nName: {}\nVersion: {}\n", name, version);
    if (!release.requires_python.empty()) {
        text += fmt::format("Requires-Python: {}\n", release.requires_python);
    }
    for (const std::string& extra : release.provides_extra) {
        text += fmt::format("Provides-Extra: {}\n", extra);
    }
    for (const std::string& requirement : release.requires_dist) {
        text += fmt::format("Requires-Dist: {}\n", requirement);
    }
    return text;
}

tl::unexpected<Error> unknown_file(const DistFile& file) {
    return fail(ErrorCode::not_found,
                fmt::format("there is no file `{}`", text::printable(text::redact_url(file.url))));
}

}  // namespace

MemoryIndex::MemoryIndex(std::string index_url) : index_url_(std::move(index_url)) {}

MemoryIndex::~MemoryIndex() = default;

Result<void> MemoryIndex::add(std::string_view name, std::string_view version,
                              MemoryRelease release) {
    ENVPACK_TRY(const auto project, packaging::PackageName::parse(name));
    ENVPACK_TRY(const auto parsed, packaging::Version::parse(version));
    const std::string stem = project.escaped() + "-" + parsed.to_string();
    DistFile file{.filename = {}, .url = {}, .yanked = release.yanked};
    // As on a page: what cannot be parsed is ignored.
    if (auto set = packaging::SpecifierSet::parse(release.requires_python);
        set && !release.requires_python.empty()) {
        file.requires_python = *std::move(set);
    }
    auto& files = projects_[project];
    const auto put = [&](std::string filename, std::string metadata) {
        file.filename = std::move(filename);
        file.url = fmt::format("{}/{}/{}", index_url_, project.str(), file.filename);
        files.push_back(file);
        files_.insert_or_assign(file.url, Stored{std::move(metadata), std::nullopt, {}});
    };
    for (const std::string& tag : release.wheel_tags) {
        put(fmt::format("{}-{}.whl", stem, tag), metadata_text(name, version, release));
    }
    if (release.sdist) {
        put(stem + ".tar.gz", {});
    }
    return {};
}

Result<void> MemoryIndex::add_project(std::string_view name) {
    ENVPACK_TRY(const auto project, packaging::PackageName::parse(name));
    projects_.try_emplace(project);
    return {};
}

Result<void> MemoryIndex::add_file(std::string_view filename, std::string bytes,
                                   std::filesystem::path folder) {
    Stored stored{.metadata = {}, .bytes = {}, .folder = std::move(folder)};
    std::optional<packaging::PackageName> project;
    if (filename.ends_with(".whl")) {
        ENVPACK_TRY(const auto wheel, packaging::WheelFilename::parse(filename));
        ENVPACK_TRY(project, wheel.package_name());
        ENVPACK_TRY(stored.metadata, wheel_metadata_text_of(bytes, filename));
    } else {
        ENVPACK_TRY(const auto sdist, packaging::SdistFilename::parse(filename));
        ENVPACK_TRY(project, sdist.package_name());
    }
    const DistFile file{.filename = std::string(filename),
                        .url = fmt::format("{}/{}/{}", index_url_, project->str(), filename),
                        .sha256 = Digest::of(as_bytes(bytes)),
                        .size = bytes.size()};
    stored.bytes = std::move(bytes);
    projects_[*project].push_back(file);
    files_.insert_or_assign(file.url, std::move(stored));
    return {};
}

Result<Project> MemoryIndex::project(const packaging::PackageName& name,
                                     const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    const auto found = projects_.find(name);
    if (found == projects_.end()) {
        return fail(ErrorCode::not_found,
                    fmt::format("`{}` does not know `{}`", index_url_, name.str()));
    }
    return Project{.name = name, .files = found->second, .index_url = index_url_};
}

Result<packaging::CoreMetadata> MemoryIndex::metadata(const DistFile& file,
                                                      const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    const auto found = files_.find(file.url);
    if (found == files_.end()) {
        return unknown_file(file);
    }
    if (found->second.metadata.empty()) {
        return fail(ErrorCode::unsupported,
                    fmt::format("METADATA of the source distribution `{}` is not known before it "
                                "is built",
                                file.filename));
    }
    return parse_metadata_of(file.filename, found->second.metadata);
}

Result<std::filesystem::path> MemoryIndex::download(const DistFile& file,
                                                    const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    const auto found = files_.find(file.url);
    if (found == files_.end() || !found->second.bytes) {
        return unknown_file(file);
    }
    const Stored& stored = found->second;
    if (file.sha256 && *file.sha256 != Digest::of(as_bytes(*stored.bytes))) {
        return fail(
            Error(ErrorCode::digest_mismatch,
                  fmt::format("`{}` does not have the sha256 that is stated for it", file.filename))
                .with_rule("index.file-digest"));
    }
    const std::filesystem::path path = stored.folder / file.url.substr(file.url.rfind('/') + 1);
    const std::scoped_lock lock(mutex_);
    ENVPACK_CHECK(ensure_directory(stored.folder));
    ENVPACK_CHECK(write_file(path, *stored.bytes));
    return path;
}

}  // namespace envpack::index
