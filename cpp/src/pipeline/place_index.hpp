#pragma once

#include "direct_source.hpp"
#include "envpack/index/package_index.hpp"
#include "envpack/packaging/requirements_file.hpp"

#include <map>
#include <mutex>
#include <string>

namespace envpack::pipeline {

/// What a constraint names by place, by name.
using ConstrainedPlaces = std::map<packaging::PackageName, packaging::RequirementLine>;

/// The projects that the request or a constraint names by place, as an index with one file each
/// and nothing else. Those of constraints are fetched or built when they are first asked for.
/// Thread-safe.
class PlaceIndex final : public index::PackageIndex {
public:
    /// `services` have to live as long.
    PlaceIndex(DirectSources opened, ConstrainedPlaces constrained, DirectServices services);

    /// As open_direct(), but a place that is not there is an io_error: somebody named it.
    Result<index::Project> project(const packaging::PackageName& name,
                                   const RunContext& run) const override;
    Result<packaging::CoreMetadata> metadata(const index::DistFile& file,
                                             const RunContext& run) const override;
    Result<std::filesystem::path> download(const index::DistFile& file,
                                           const RunContext& run) const override;

    /// What was opened so far under that name; nullptr where nothing was.
    const DirectSource* find(const packaging::PackageName& name) const;
    /// Whether it is the file of one of them.
    bool has(const index::DistFile& file) const;

private:
    Result<void> open(const packaging::PackageName& name, const RunContext& run) const;

    ConstrainedPlaces constrained_;
    DirectServices services_;
    mutable std::mutex mutex_;
    mutable DirectSources opened_;                                // nothing ever leaves it
    mutable std::map<std::string, std::filesystem::path> local_;  // wheels of opened_, by URL
};

}  // namespace envpack::pipeline
