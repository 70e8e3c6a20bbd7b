#include "envpack/index/folder_index.hpp"

#include "envpack/base/file.hpp"
#include "envpack/base/text.hpp"
#include "envpack/http/url.hpp"
#include "envpack/index/simple_page.hpp"
#include "simple_link.hpp"
#include "wheel_metadata.hpp"

#include <algorithm>
#include <map>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace envpack::index {

namespace {

namespace fs = std::filesystem;

bool is_distribution(std::string_view name) {
    return name.ends_with(".whl") || name.ends_with(".tar.gz") || name.ends_with(".zip");
}

/// The wheels and sdists in the folder, ordered by name, so that nothing depends on the disk.
Result<std::vector<DistFile>> list(const fs::path& folder, const Limits& limits) {
    std::vector<DistFile> files;
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        std::error_code ignored;
        if (!is_distribution(name) || !entry->is_regular_file(ignored)) {
            continue;
        }
        if (files.size() >= limits.max_entries) {
            return fail(ErrorCode::limit_exceeded,
                        fmt::format("`{}` has too many files", folder.string()));
        }
        const std::uintmax_t size = entry->file_size(ignored);
        files.push_back({.filename = name,
                         .url = http::Url::from_path(folder / name).to_string(),
                         .size = ignored ? std::nullopt : std::optional<std::uint64_t>(size)});
    }
    if (error) {
        return fail(os_failure("read the folder", folder.string(), error.value()));
    }
    std::sort(files.begin(), files.end(),
              [](const DistFile& a, const DistFile& b) { return a.filename < b.filename; });
    return files;
}

/// The links of a local page to local files.
Result<std::vector<SimpleLink>> local_links(const fs::path& page, const Limits& limits) {
    ENVPACK_TRY(const std::string body, read_file(page, limits.max_json));
    ENVPACK_TRY(auto links, html_links(body, http::Url::from_path(page).to_string(), limits));
    std::erase_if(links, [](const SimpleLink& link) { return !link.url.starts_with("file:"); });
    return links;
}

Result<std::vector<DistFile>> read_page(const fs::path& page, const Limits& limits) {
    ENVPACK_TRY(auto links, local_links(page, limits));
    std::vector<DistFile> files;
    for (SimpleLink& link : links) {
        if (auto file = to_dist_file(std::move(link))) {
            files.push_back(*std::move(file));
        }
    }
    return files;
}

/// The files of each project, in their order.
std::map<std::string, std::vector<DistFile>, std::less<>> by_project(std::vector<DistFile> files) {
    std::map<std::string, std::vector<DistFile>, std::less<>> projects;
    for (DistFile& file : files) {
        if (auto project = project_of(file.filename)) {
            projects[*std::move(project)].push_back(std::move(file));
        }
    }
    return projects;
}

Result<fs::path> local_path(const DistFile& file) {
    ENVPACK_TRY(const http::Url url, http::Url::parse(file.url));
    return url.file_path();
}

}  // namespace

Result<std::shared_ptr<const FolderIndex>> FolderIndex::find_links(const fs::path& path,
                                                                   const Limits& limits) {
    std::shared_ptr<FolderIndex> index(new FolderIndex);
    ENVPACK_TRY(index->root_, absolute_path(path));
    index->index_url_ = http::Url::from_path(index->root_).to_string();
    index->limits_ = limits;
    std::error_code error;
    ENVPACK_TRY(auto files, fs::is_directory(index->root_, error)
                                ? list(index->root_, limits)
                                : read_page(index->root_, limits));
    index->projects_ = by_project(std::move(files));
    return index;
}

Result<std::shared_ptr<const FolderIndex>> FolderIndex::simple_root(const fs::path& path,
                                                                    const Limits& limits) {
    std::shared_ptr<FolderIndex> index(new FolderIndex);
    ENVPACK_TRY(index->root_, absolute_path(path));
    index->index_url_ = http::Url::from_path(index->root_).to_string();
    index->one_folder_a_project_ = true;
    index->limits_ = limits;
    std::error_code error;
    if (!fs::is_directory(index->root_, error)) {
        return fail(
            os_failure("read the folder", index->root_.string(), error ? error.value() : ENOTDIR));
    }
    return index;
}

Error FolderIndex::no_files_of(const packaging::PackageName& name) const {
    return Error(ErrorCode::not_found,
                 fmt::format("`{}` has no file of `{}`", root_.string(), name.str()));
}

Result<Project> FolderIndex::project(const packaging::PackageName& name,
                                     const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    Project project{.name = name, .index_url = index_url_};
    if (!one_folder_a_project_) {
        const auto known = projects_.find(name.str());
        if (known == projects_.end()) {
            return fail(no_files_of(name));
        }
        project.files = known->second;
        return project;
    }
    const fs::path folder = root_ / name.str();
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
        return fail(no_files_of(name));
    }
    if (fs::exists(folder / "index.html", error)) {
        ENVPACK_TRY(auto links, local_links(folder / "index.html", limits_));
        project = project_from(std::move(links), name);
        project.index_url = index_url_;
        return project;
    }
    ENVPACK_TRY(auto files, list(folder, limits_));
    std::erase_if(files,
                  [&](const DistFile& file) { return project_of(file.filename) != name.str(); });
    project.files = std::move(files);
    return project;
}

Result<packaging::CoreMetadata> FolderIndex::metadata(const DistFile& file,
                                                      const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    ENVPACK_TRY(const fs::path path, local_path(file));
    if (!file.filename.ends_with(".whl")) {
        return fail(ErrorCode::unsupported,
                    fmt::format("METADATA of the source distribution `{}` is not known before it "
                                "is built",
                                file.filename));
    }
    ENVPACK_TRY(const std::string text, wheel_metadata_text(path, file.filename, limits_));
    return parse_metadata_of(file.filename, text, limits_);
}

Result<fs::path> FolderIndex::download(const DistFile& file, const RunContext& run) const {
    ENVPACK_CHECK(run.check());
    ENVPACK_TRY(fs::path path, local_path(file));
    ENVPACK_TRY(FileSource source, FileSource::open(path));
    if (file.sha256) {
        ENVPACK_TRY(const Digest actual, Digest::of(source, run));
        if (actual != *file.sha256) {
            return fail(Error(ErrorCode::digest_mismatch,
                              fmt::format("`{}` does not have the sha256 that is stated for it",
                                          path.string()))
                            .with_rule("index.file-digest")
                            .with_path(path.string()));
        }
    }
    return path;
}

}  // namespace envpack::index
