#pragma once

#include "envpack/base/clock.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/http/http_client.hpp"
#include "envpack/index/cache.hpp"
#include "envpack/index/package_index.hpp"

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace envpack::index {

/// What the URL of an HttpIndex is.
enum class HttpLayout : std::uint8_t {
    simple,      ///< the root of a simple API: one page a project below it (PEP 503, PEP 691)
    find_links,  ///< one HTML page with files of any project
};

struct HttpIndexOptions {
    HttpLayout layout = HttpLayout::simple;
    /// Answers that mean «no such project». Some indexes on plain object stores say 403.
    std::vector<int> absent_statuses = {404, 410};
    std::shared_ptr<const Clock> clock = {};  ///< null: the machine's; only for page freshness
    Limits limits = {};
    bool offline = false;  ///< pages of the cache hold whatever their age
};

/// An index behind http or https. Thread-safe.
///
/// Pages are asked for as JSON first (PEP 691) with HTML as the second choice, cached with their
/// validators, and asked for at most once in the life of this object. Files of a page that belong
/// to another project, or whose names nobody can read, are left out.
///
/// metadata(): the cache; the sidecar of PEP 658 when the page names one, verified by the page's
/// hash; a ranged read of the wheel's end; the whole wheel. When an origin answers the first ranged
/// read with the whole file, `<url>.metadata` is tried there too, unannounced: some indexes serve
/// it without naming it. No hash of the page covers that answer, nor a ranged read, so both are for
/// solving only; what is installed is read from the verified wheel.
///
/// Credentials in the index URL are sent to the index's own origin and nowhere else. URLs of other
/// schemes are an invalid_argument.
class HttpIndex final : public PackageIndex {
public:
    static Result<std::shared_ptr<const HttpIndex>> create(std::shared_ptr<http::HttpClient> client,
                                                           std::string_view index_url,
                                                           std::shared_ptr<const Cache> cache,
                                                           HttpIndexOptions options = {});
    ~HttpIndex() override;

    Result<Project> project(const packaging::PackageName& name,
                            const RunContext& run) const override;
    Result<packaging::CoreMetadata> metadata(const DistFile& file,
                                             const RunContext& run) const override;
    Result<std::filesystem::path> download(const DistFile& file,
                                           const RunContext& run) const override;

private:
    class Implementation;
    explicit HttpIndex(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace envpack::index
