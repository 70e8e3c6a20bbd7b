#pragma once

#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/index/package_index.hpp"
#include "envpack/packaging/core_metadata.hpp"
#include "envpack/packaging/package_name.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace envpack::env {

/// What an index answered, so that each question is asked once however many solves need it.
/// Thread-safe.
class ProviderWorld {
public:
    explicit ProviderWorld(const index::PackageIndex& index) noexcept : index_(index) {}

    using ProjectPtr = std::shared_ptr<const index::Project>;
    /// nullptr when no index knows the name. `places` is asked instead of the index; may be null.
    Result<ProjectPtr> project(const packaging::PackageName& name,
                               const index::PackageIndex* places, const RunContext& run);

    struct Metadata {
        std::optional<packaging::CoreMetadata> value = std::nullopt;
        std::string refusal = {};  ///< why there is no value: malformed, or it needs a build
    };
    using MetadataPtr = std::shared_ptr<const Metadata>;
    /// Malformed metadata is an answer; only an index that does not answer is an error.
    Result<MetadataPtr> metadata(const index::DistFile& file, const RunContext& run);
    bool has_metadata(const index::DistFile& file) const;

private:
    const index::PackageIndex& index_;
    mutable std::mutex mutex_;
    std::map<std::pair<packaging::PackageName, bool>, ProjectPtr> projects_;  // and of a place?
    std::map<std::string, MetadataPtr> metadata_;                             // by URL
};

}  // namespace envpack::env
