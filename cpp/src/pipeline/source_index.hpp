#pragma once

#include "envpack/index/package_index.hpp"
#include "place_index.hpp"
#include "source_builder.hpp"

#include <memory>
#include <optional>
#include <set>

namespace envpack::pipeline {

/// An index that also knows what source distributions need, by building them where they do not say
/// it, and what the files of places need, whose projects it does not list.
/// Thread-safe.
class SourceIndex final : public index::PackageIndex {
public:
    /// `may_build`: the digests of source distributions that may be built; none: of any.
    SourceIndex(std::shared_ptr<const index::PackageIndex> inner,
                std::shared_ptr<const SourceBuilder> builder,
                std::shared_ptr<const PlaceIndex> places,
                std::optional<std::set<Digest>> may_build = std::nullopt);

    Result<index::Project> project(const packaging::PackageName& name,
                                   const RunContext& run) const override;
    Result<packaging::CoreMetadata> metadata(const index::DistFile& file,
                                             const RunContext& run) const override;
    Result<std::filesystem::path> download(const index::DistFile& file,
                                           const RunContext& run) const override;

private:
    Result<packaging::CoreMetadata> metadata_of_sdist(const index::DistFile& file,
                                                      const RunContext& run) const;

    std::shared_ptr<const index::PackageIndex> inner_;
    std::shared_ptr<const SourceBuilder> builder_;
    std::shared_ptr<const PlaceIndex> places_;
    std::optional<std::set<Digest>> may_build_;
};

}  // namespace envpack::pipeline
