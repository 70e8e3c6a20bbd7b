#pragma once

#include "envpack/base/file.hpp"
#include "envpack/index/package_index.hpp"

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::index {

/// One version of a project, as a MemoryIndex is told about it.
struct MemoryRelease {
    std::vector<std::string> requires_dist = {};  ///< Requires-Dist, as METADATA writes them
    std::vector<std::string> provides_extra = {};
    std::string requires_python = {};
    std::optional<std::string> yanked = std::nullopt;
    std::vector<std::string> wheel_tags = {"py3-none-any"};  ///< one wheel each
    bool sdist = false;                                      ///< also name-version.tar.gz
};

/// An index whose whole content is in memory: for tests, and for solving over a recorded index.
/// Build it first, share it then: add() may not run beside other calls; apart from that
/// thread-safe.
class MemoryIndex final : public PackageIndex {
public:
    explicit MemoryIndex(std::string index_url = "https://index.example/simple");
    ~MemoryIndex() override;

    /// Files without bytes: project() and metadata() know them, download() does not.
    Result<void> add(std::string_view name, std::string_view version, MemoryRelease release = {});
    /// A project without any file.
    Result<void> add_project(std::string_view name);
    /// A real file; METADATA is read from a wheel's bytes. `folder` is where download() puts it.
    Result<void> add_file(std::string_view filename, std::string bytes,
                          std::filesystem::path folder);

    Result<Project> project(const packaging::PackageName& name,
                            const RunContext& run) const override;
    Result<packaging::CoreMetadata> metadata(const DistFile& file,
                                             const RunContext& run) const override;
    /// Written to the folder given with the file, at the first call.
    Result<std::filesystem::path> download(const DistFile& file,
                                           const RunContext& run) const override;

private:
    struct Stored {
        std::string metadata;  ///< text of METADATA; empty for an sdist
        std::optional<std::string> bytes;
        std::filesystem::path folder;
    };
    std::string index_url_;
    std::map<packaging::PackageName, std::vector<DistFile>> projects_;
    std::map<std::string, Stored, std::less<>> files_;  ///< by URL
    mutable std::mutex mutex_;
};

}  // namespace envpack::index
