#include "provider_world.hpp"

#include <utility>

#include <fmt/format.h>

namespace envpack::env {

using packaging::PackageName;

Result<ProviderWorld::ProjectPtr> ProviderWorld::project(const PackageName& name,
                                                         const index::PackageIndex* places,
                                                         const RunContext& run) {
    const std::pair key{name, places != nullptr};
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = projects_.find(key); found != projects_.end()) {
            return found->second;
        }
    }
    ProjectPtr answer;
    auto project = (places != nullptr ? *places : index_).project(name, run);
    if (project) {
        answer = std::make_shared<const index::Project>(*std::move(project));
    } else if (project.error().code() != ErrorCode::not_found) {
        return fail(std::move(project).error().with_context(
            fmt::format("while looking for versions of `{}`", name.str())));
    }
    const std::lock_guard lock(mutex_);
    return projects_.try_emplace(key, std::move(answer)).first->second;
}

Result<ProviderWorld::MetadataPtr> ProviderWorld::metadata(const index::DistFile& file,
                                                           const RunContext& run) {
    {
        const std::lock_guard lock(mutex_);
        if (const auto found = metadata_.find(file.url); found != metadata_.end()) {
            return found->second;
        }
    }
    Metadata answer;
    if (auto metadata = index_.metadata(file, run)) {
        answer.value = *std::move(metadata);
    } else if (metadata.error().code() == ErrorCode::parse_error) {
        answer.refusal = fmt::format("the metadata of {} is malformed: {}", file.filename,
                                     metadata.error().message());
    } else if (metadata.error().code() == ErrorCode::unsupported) {
        answer.refusal = std::string(metadata.error().message());
    } else {
        return fail(std::move(metadata).error().with_context(
            fmt::format("while reading the metadata of {}", file.filename)));
    }
    auto shared = std::make_shared<const Metadata>(std::move(answer));
    const std::lock_guard lock(mutex_);
    return metadata_.try_emplace(file.url, std::move(shared)).first->second;
}

bool ProviderWorld::has_metadata(const index::DistFile& file) const {
    const std::lock_guard lock(mutex_);
    return metadata_.contains(file.url);
}

}  // namespace envpack::env
