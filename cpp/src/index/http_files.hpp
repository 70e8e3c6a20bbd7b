#pragma once

#include "envpack/base/limits.hpp"
#include "envpack/http/http_client.hpp"
#include "envpack/http/url.hpp"
#include "envpack/index/cache.hpp"
#include "envpack/index/package_index.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace envpack::index {

/// METADATA and whole files over HTTP, by the ways that HttpIndex describes. Thread-safe.
class HttpFiles {
public:
    /// `home` with its userinfo: the index, whose credentials go to its own origin only.
    HttpFiles(std::shared_ptr<http::HttpClient> client, http::Url home,
              std::shared_ptr<const Cache> cache, Limits limits);

    Result<std::string> metadata_text(const DistFile& file, const RunContext& run) const;
    Result<std::filesystem::path> download(const DistFile& file, const RunContext& run) const;
    /// With the index's userinfo where the origin is its own.
    std::string wire_url(const http::Url& url) const;

private:
    /// What an origin has shown it can do. The first to ask holds the mutex while it finds out, so
    /// that parallel requests do not all learn it the hard way.
    struct OriginFacts {
        std::mutex mutex;
        std::optional<bool> serves_ranges;
        std::optional<bool> serves_sidecars;  ///< METADATA beside wheels, unannounced
    };

    Result<http::Url> url_of(const DistFile& file) const;
    std::shared_ptr<OriginFacts> facts_of(const http::Origin& origin) const;
    Result<std::optional<std::string>> sidecar(const http::Url& url, const DistFile& file,
                                               const RunContext& run) const;
    Result<std::optional<std::string>> ranged(const http::Url& url, const DistFile& file,
                                              const RunContext& run) const;
    Result<std::optional<std::string>> unannounced(const http::Url& url, const DistFile& file,
                                                   const RunContext& run) const;
    Result<std::optional<std::string>> range_of(const http::Url& url, const std::string& range,
                                                std::size_t max_size, std::uint64_t& start,
                                                std::uint64_t& total, const RunContext& run) const;

    std::shared_ptr<http::HttpClient> client_;
    http::Url home_;
    std::shared_ptr<const Cache> cache_;
    Limits limits_;
    mutable std::mutex mutex_;
    mutable std::map<http::Origin, std::shared_ptr<OriginFacts>> origins_;
    mutable std::map<std::string, std::filesystem::path> unhashed_;  ///< by URL
};

}  // namespace envpack::index
