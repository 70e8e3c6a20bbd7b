#include "envpack/index/chained_index.hpp"

#include "envpack/base/text.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_set>
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

/// Which index listed a file that somebody looked at. Thread-safe.
class ChainedIndex::Owners {
public:
    void add(const std::string& url, const IndexPtr& index) {
        const std::scoped_lock lock(mutex_);
        by_url_.try_emplace(url, index);
    }
    IndexPtr find(const std::string& url) const {
        const std::scoped_lock lock(mutex_);
        const auto found = by_url_.find(url);
        return found == by_url_.end() ? nullptr : found->second;
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, IndexPtr, std::less<>> by_url_;
};

ChainedIndex::ChainedIndex(Options options)
    : options_(std::move(options)), owners_(std::make_shared<Owners>()) {
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

/// nullopt when the index does not know the name.
Result<std::optional<ChainedIndex::Listing>> ChainedIndex::ask(const IndexPtr& index,
                                                               const packaging::PackageName& name,
                                                               const RunContext& run) const {
    auto project = index->project(name, run);
    if (project) {
        return Listing{index, *std::move(project)};
    }
    if (project.error().code() == ErrorCode::not_found) {
        return std::nullopt;
    }
    return fail(std::move(project).error());
}

/// The files of all listings, each name once; a file is made, and its owner noted, when somebody
/// looks at it.
DistFiles ChainedIndex::join(const std::vector<Listing>& listings) const {
    struct Position {
        std::size_t listing;
        std::size_t file;
    };
    std::vector<Position> positions;
    std::unordered_set<std::string_view> filenames;
    for (std::size_t i = 0; i < listings.size(); ++i) {
        const DistFiles& files = listings[i].project.files;
        for (std::size_t j = 0; j < files.size(); ++j) {
            if (listings.size() == 1 || filenames.insert(files.filename(j)).second) {
                positions.push_back({i, j});
            }
        }
    }
    const auto joined =
        std::make_shared<const std::pair<std::vector<Listing>, decltype(positions)>>(
            listings, std::move(positions));
    return DistFiles(
        joined->second.size(),
        [joined](std::size_t position) {
            const Position& at = joined->second[position];
            return joined->first[at.listing].project.files.filename(at.file);
        },
        [joined, owners = owners_](std::size_t position) {
            const Position& at = joined->second[position];
            const Listing& listing = joined->first[at.listing];
            DistFile file = listing.project.files[at.file];
            owners->add(file.url, listing.index);
            if (joined->first.size() > 1) {
                file.index_url = listing.project.index_url;
            }
            return file;
        },
        listings.size() == 1 ? std::optional(listings.front().project.files.releases())
                             : std::nullopt);
}

Error ChainedIndex::absent(const packaging::PackageName& name) const {
    return Error(ErrorCode::not_found,
                 fmt::format("none of {} indexes and {} find-links places knows `{}`",
                             options_.indexes.size(), options_.find_links.size(), name.str()));
}

Result<Project> ChainedIndex::project(const packaging::PackageName& name,
                                      const RunContext& run) const {
    std::vector<Listing> listings;
    std::string index_url;
    if (const auto pinned = options_.pinned.find(name); pinned != options_.pinned.end()) {
        ENVPACK_TRY(Project project, pinned->second->project(name, run));
        index_url = project.index_url;
        listings.push_back({pinned->second, std::move(project)});
    } else {
        for (const IndexPtr& place : options_.find_links) {
            ENVPACK_TRY(auto listing, ask(place, name, run));
            if (listing) {
                listings.push_back(*std::move(listing));
            }
        }
        for (const IndexPtr& index : options_.indexes) {
            ENVPACK_TRY(auto listing, ask(index, name, run));
            if (!listing) {
                continue;
            }
            if (index_url.empty()) {
                index_url = listing->project.index_url;
            }
            listings.push_back(*std::move(listing));
            if (options_.strategy == IndexStrategy::first_index) {
                break;
            }
        }
    }
    if (listings.empty()) {
        return fail(absent(name));
    }
    if (all_.size() == 1) {
        return std::move(listings.front().project);  // nobody else can own a file
    }
    // Of several places none has all the files, and which comes first must not matter.
    if (index_url.empty() && listings.size() == 1) {
        index_url = listings.front().project.index_url;
    }
    return Project{.name = name, .files = join(listings), .index_url = std::move(index_url)};
}

std::vector<ChainedIndex::IndexPtr> ChainedIndex::candidates(const DistFile& file) const {
    IndexPtr owner = owners_->find(file.url);
    return owner == nullptr ? all_ : std::vector<IndexPtr>{std::move(owner)};
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
