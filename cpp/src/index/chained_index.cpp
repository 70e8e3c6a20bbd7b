#include "envpack/index/chained_index.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace envpack::index {

std::string_view to_string(IndexStrategy strategy) noexcept {
    return strategy == IndexStrategy::first_index ? "first-index" : "unsafe-best-match";
}

Result<IndexStrategy> parse_index_strategy(std::string_view word) {
    for (const IndexStrategy strategy : {IndexStrategy::first_index, IndexStrategy::merged}) {
        if (word == to_string(strategy)) {
            return strategy;
        }
    }
    return fail(Error(ErrorCode::invalid_argument,
                      fmt::format("`{}` is no index strategy", text::printable(word)))
                    .with_hint("say `first-index` or `unsafe-best-match`"));
}

ChainedIndex::ChainedIndex(Options options) : options_(std::move(options)) {
    const auto add = [&](const IndexPtr& index) {
        if (std::find(all_.begin(), all_.end(), index) == all_.end()) {
            all_.push_back(index);
        }
    };
    std::for_each(options_.indexes.begin(), options_.indexes.end(), add);
    for (const auto& [name, index] : options_.pinned) {
        add(index);
    }
    std::for_each(options_.find_links.begin(), options_.find_links.end(), add);
}

void ChainedIndex::remember(const IndexPtr& index, const Project& project) const {
    if (all_.size() > 1) {
        const std::scoped_lock lock(mutex_);
        for (const DistFile& file : project.files) {
            owners_.try_emplace(file.url, index);
        }
    }
}

/// nullopt when the index does not know the name.
Result<std::optional<Project>> ChainedIndex::ask(const IndexPtr& index,
                                                 const packaging::PackageName& name,
                                                 const RunContext& run) const {
    auto project = index->project(name, run);
    if (!project) {
        if (project.error().code() == ErrorCode::not_found) {
            return std::nullopt;
        }
        return fail(std::move(project).error());
    }
    remember(index, *project);
    return *std::move(project);
}

Error ChainedIndex::absent(const packaging::PackageName& name) const {
    return Error(ErrorCode::not_found,
                 fmt::format("none of {} indexes and {} find-links places knows `{}`",
                             options_.indexes.size(), options_.find_links.size(), name.str()));
}

Result<Project> ChainedIndex::project(const packaging::PackageName& name,
                                      const RunContext& run) const {
    if (const auto pinned = options_.pinned.find(name); pinned != options_.pinned.end()) {
        ENVPACK_TRY(Project project, pinned->second->project(name, run));
        remember(pinned->second, project);
        return project;
    }
    if (options_.find_links.empty() && options_.strategy == IndexStrategy::first_index) {
        for (const IndexPtr& index : options_.indexes) {
            ENVPACK_TRY(auto project, ask(index, name, run));
            if (project) {
                return *std::move(project);
            }
        }
        return fail(absent(name));
    }
    Project merged{.name = name};
    bool known = false;
    std::vector<DistFile> files;
    std::set<std::string, std::less<>> filenames;
    const auto take = [&](Project project) {
        known = true;
        for (const DistFile& file : project.files) {
            if (filenames.insert(file.filename).second) {
                files.push_back(file);
            }
        }
        return std::move(project.index_url);
    };
    std::string links_url;
    for (const IndexPtr& place : options_.find_links) {
        ENVPACK_TRY(auto project, ask(place, name, run));
        if (project) {
            links_url = take(*std::move(project));
        }
    }
    for (const IndexPtr& index : options_.indexes) {
        ENVPACK_TRY(auto project, ask(index, name, run));
        if (!project) {
            continue;
        }
        std::string url = take(*std::move(project));
        if (merged.index_url.empty()) {
            merged.index_url = std::move(url);
        }
        if (options_.strategy == IndexStrategy::first_index) {
            break;
        }
    }
    if (!known) {
        return fail(absent(name));
    }
    if (merged.index_url.empty()) {
        merged.index_url = std::move(links_url);
    }
    merged.files = std::move(files);
    return merged;
}

std::vector<ChainedIndex::IndexPtr> ChainedIndex::candidates(const DistFile& file) const {
    const std::scoped_lock lock(mutex_);
    const auto owner = owners_.find(file.url);
    return owner == owners_.end() ? all_ : std::vector<IndexPtr>{owner->second};
}

Result<packaging::CoreMetadata> ChainedIndex::metadata(const DistFile& file,
                                                       const RunContext& run) const {
    Error last(ErrorCode::invalid_argument,
               fmt::format("no index serves `{}`", text::printable(text::redact_url(file.url))));
    for (const IndexPtr& index : candidates(file)) {
        auto metadata = index->metadata(file, run);
        if (metadata || metadata.error().code() != ErrorCode::invalid_argument) {
            return metadata;
        }
        last = std::move(metadata).error();
    }
    return fail(std::move(last));
}

Result<std::filesystem::path> ChainedIndex::download(const DistFile& file,
                                                     const RunContext& run) const {
    Error last(ErrorCode::invalid_argument,
               fmt::format("no index serves `{}`", text::printable(text::redact_url(file.url))));
    for (const IndexPtr& index : candidates(file)) {
        auto path = index->download(file, run);
        if (path || path.error().code() != ErrorCode::invalid_argument) {
            return path;
        }
        last = std::move(path).error();
    }
    return fail(std::move(last));
}

}  // namespace envpack::index
