#pragma once

#include "envpack/index/package_index.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace envpack::index {

enum class IndexStrategy : std::uint8_t {
    first_index,  ///< the first index that knows the name owns it (the default: no confusion)
    merged,       ///< the files of all indexes together, as pip does
};

/// `first-index` or `unsafe-best-match`, as uv says it.
Result<IndexStrategy> parse_index_strategy(std::string_view word);
std::string_view to_string(IndexStrategy strategy) noexcept;

/// Several indexes as one. Thread-safe.
///
/// Only not_found leads on to the next index; every other failure stops, because nobody may take
/// a private index that is down for one that does not know the name. find-links places are not
/// asked in turn: their files come before those of the index that owns the name, and a file name
/// that is there twice counts once.
///
/// metadata() and download() ask the index that listed the file; for a file that no project() call
/// listed (from a lock), the first one that serves URLs of its kind.
class ChainedIndex final : public PackageIndex {
public:
    using IndexPtr = std::shared_ptr<const PackageIndex>;
    struct Options {
        std::vector<IndexPtr> indexes = {};     ///< in order of trust
        std::vector<IndexPtr> find_links = {};  ///< additional files
        /// Names that are asked for at this one index, find-links left out too.
        std::map<packaging::PackageName, IndexPtr> pinned = {};
        IndexStrategy strategy = IndexStrategy::first_index;
    };
    explicit ChainedIndex(Options options);

    Result<Project> project(const packaging::PackageName& name,
                            const RunContext& run) const override;
    Result<packaging::CoreMetadata> metadata(const DistFile& file,
                                             const RunContext& run) const override;
    Result<std::filesystem::path> download(const DistFile& file,
                                           const RunContext& run) const override;

private:
    class Owners;
    struct Listing {
        IndexPtr index;
        Project project;
    };
    Result<std::optional<Listing>> ask(const IndexPtr& index, const packaging::PackageName& name,
                                       const RunContext& run) const;
    DistFiles join(const std::vector<Listing>& listings) const;
    Error absent(const packaging::PackageName& name) const;
    std::vector<IndexPtr> candidates(const DistFile& file) const;

    Options options_;
    std::vector<IndexPtr> all_;
    std::shared_ptr<Owners> owners_;  ///< shared with the files handed out
};

}  // namespace envpack::index
