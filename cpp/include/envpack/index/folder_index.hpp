#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/index/package_index.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace envpack::index {

/// Wheels and sdists on this machine. Thread-safe.
///
/// The folder's names are read once, when it is opened. Files have no digest unless a page gives
/// one. Links of local pages count only when they lead to local files. URLs that are no file URLs
/// are an invalid_argument.
class FolderIndex final : public PackageIndex {
public:
    /// pip's --find-links: a folder of files, or a local HTML page.
    static Result<std::shared_ptr<const FolderIndex>> find_links(const std::filesystem::path& path,
                                                                 const Limits& limits = {});
    /// pip's --index-url with a file URL: one folder a project, with an index.html or with files.
    static Result<std::shared_ptr<const FolderIndex>> simple_root(const std::filesystem::path& path,
                                                                  const Limits& limits = {});

    Result<Project> project(const packaging::PackageName& name,
                            const RunContext& run) const override;
    Result<packaging::CoreMetadata> metadata(const DistFile& file,
                                             const RunContext& run) const override;
    /// The file itself, where it is.
    Result<std::filesystem::path> download(const DistFile& file,
                                           const RunContext& run) const override;

private:
    FolderIndex() = default;
    Error no_files_of(const packaging::PackageName& name) const;
    std::filesystem::path root_;
    std::string index_url_;
    bool one_folder_a_project_ = false;
    std::map<std::string, std::vector<DistFile>, std::less<>>
        projects_;  ///< of find_links, by normalised name
    Limits limits_;
};

}  // namespace envpack::index
