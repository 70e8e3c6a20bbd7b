#pragma once

#include "envpack/base/clock.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/http/http_client.hpp"
#include "envpack/index/cache.hpp"

#include <vector>

namespace envpack::index {

struct PageRequest {
    std::string url;     ///< with userinfo, when the page wants it
    std::string shown;   ///< without
    std::string accept;  ///< the Accept header
    std::vector<int> absent_statuses = {404, 410};
    bool offline = false;  ///< a page of any age will do
};

/// A page from the cache while it is fresh, else from its server: a conditional request when the
/// cache knows a validator (RFC 9111 sections 3, 4.2, 4.3). not_found for the absent statuses.
Result<CachedPage> fetch_page(http::HttpClient& client, const Cache& cache, const Clock& clock,
                              const PageRequest& request, const Limits& limits,
                              const RunContext& run);

}  // namespace envpack::index
