#pragma once

#include "envpack/base/clock.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/http/http_client.hpp"
#include "envpack/index/cache.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace envpack::index {

struct PageRequest {
    std::string url;     ///< with userinfo, when the page wants it
    std::string shown;   ///< without
    std::string accept;  ///< the Accept header
    std::vector<int> absent_statuses = {404, 410};
    bool offline = false;  ///< a page of any age will do
    /// Makes a new page what is kept and given back; an error is the answer. Null: as it came.
    std::function<Result<void>(CachedPage&)> read = {};
    /// Of a page of the cache that `read` made; another one counts as absent, as do all of that
    /// kind where there is no `read`: whoever reads HTML cannot read what was made of it.
    std::string_view stored_type = {};
    bool ignore_cache = false;
};

/// A page from the cache while it is fresh, else from its server: a conditional request when the
/// cache knows a validator (RFC 9111 sections 3, 4.2, 4.3). not_found for the absent statuses,
/// which are kept too: as long as their server says so, and for those who are offline.
Result<CachedPage> fetch_page(http::HttpClient& client, const Cache& cache, const Clock& clock,
                              const PageRequest& request, const Limits& limits,
                              const RunContext& run);

}  // namespace envpack::index
