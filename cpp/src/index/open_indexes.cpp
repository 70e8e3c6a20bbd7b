#include "envpack/index/open_indexes.hpp"

#include "envpack/base/text.hpp"
#include "envpack/http/url.hpp"
#include "envpack/index/folder_index.hpp"
#include "envpack/index/http_index.hpp"

namespace envpack::index {

namespace {

bool is_http(const std::string& location) {
    const std::string start = text::to_lower(std::string_view(location).substr(0, 8));
    return start.starts_with("http://") || start == "https://";
}

Result<std::filesystem::path> path_of(const std::string& location) {
    if (text::to_lower(std::string_view(location).substr(0, 7)) == "file://") {
        ENVPACK_TRY(const http::Url url, http::Url::parse(location));
        return url.file_path();
    }
    return std::filesystem::path(location);
}

}  // namespace

Result<std::shared_ptr<const PackageIndex>> open_index(const std::string& location,
                                                       const IndexServices& services) {
    if (is_http(location)) {
        return HttpIndex::create(services.client, location, services.cache,
                                 {.offline = services.offline});
    }
    ENVPACK_TRY(const auto path, path_of(location));
    return FolderIndex::simple_root(path);
}

Result<std::shared_ptr<const PackageIndex>> open_find_links(const std::string& location,
                                                            const IndexServices& services) {
    if (is_http(location)) {
        return HttpIndex::create(services.client, location, services.cache,
                                 {.layout = HttpLayout::find_links, .offline = services.offline});
    }
    ENVPACK_TRY(const auto path, path_of(location));
    return FolderIndex::find_links(path);
}

}  // namespace envpack::index
