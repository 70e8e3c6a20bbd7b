#pragma once

#include "envpack/http/http_client.hpp"
#include "envpack/index/cache.hpp"
#include "envpack/index/chained_index.hpp"

#include <memory>
#include <string>
#include <vector>

namespace envpack::index {

/// What an index on the network works with.
struct IndexServices {
    std::shared_ptr<http::HttpClient> client;
    std::shared_ptr<const Cache> cache;
    bool offline = false;  ///< as HttpIndexOptions::offline
};

/// The index behind `location`: an http or https URL, a file URL or a path (a simple API root).
Result<std::shared_ptr<const PackageIndex>> open_index(const std::string& location,
                                                       const IndexServices& services);
/// The find-links place behind `location`: a folder, a local HTML page, a file URL of either, or
/// the http or https URL of a page.
Result<std::shared_ptr<const PackageIndex>> open_find_links(const std::string& location,
                                                            const IndexServices& services);

}  // namespace envpack::index
