#include "envpack/index/http_index.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/text.hpp"
#include "envpack/index/simple_page.hpp"
#include "http_files.hpp"
#include "packed_project.hpp"
#include "page_fetch.hpp"
#include "simple_link.hpp"
#include "wheel_metadata.hpp"

#include <map>
#include <mutex>
#include <utility>

#include <fmt/format.h>

namespace envpack::index {

namespace {

// PEP 691, "Version + Format Selection": JSON where it is spoken, HTML everywhere else.
constexpr const char* accept_simple =
    "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, "
    "text/html;q=0.01";

enum class PageKind : std::uint8_t { html, json };

Result<PageKind> kind_of(const CachedPage& page) {
    const std::string type = text::to_lower(
        text::trim(std::string_view(page.content_type).substr(0, page.content_type.find(';'))));
    if (type == "application/vnd.pypi.simple.v1+json" || type == "application/json") {
        return PageKind::json;
    }
    if (type.empty() || type == "text/html" || type == "application/xhtml+xml" ||
        type == "application/vnd.pypi.simple.v1+html") {
        return PageKind::html;
    }
    return fail(ErrorCode::unsupported,
                fmt::format("`{}` answers with `{}`, which is no page of a package index", page.url,
                            text::printable(type, 80)));
}

}  // namespace

class HttpIndex::Implementation {
public:
    Implementation(std::shared_ptr<http::HttpClient> client, http::Url url,
                   std::shared_ptr<const Cache> cache, HttpIndexOptions options)
        : client_(client),
          url_(url),
          cache_(cache),
          options_(std::move(options)),
          files(std::move(client), std::move(url), std::move(cache), options_.limits) {
        if (!options_.clock) {
            options_.clock = std::make_shared<SystemClock>();
        }
    }

    const Limits& limits() const noexcept { return options_.limits; }

    Result<Project> project(const packaging::PackageName& name, const RunContext& run) {
        if (options_.layout == HttpLayout::find_links) {
            return linked_project(name, run);
        }
        {
            const std::scoped_lock lock(mutex_);
            if (const auto found = projects_.find(name); found != projects_.end()) {
                return found->second;
            }
        }
        auto project = ask(name, run);
        // A name that is not there stays so for this object too; a failure may pass.
        if (project || project.error().code() == ErrorCode::not_found) {
            const std::scoped_lock lock(mutex_);
            projects_.emplace(name, project);
        }
        return project;
    }

private:
    PageRequest request_for(const http::Url& url, const char* accept) const {
        return {.url = files.wire_url(url),
                .shown = url.shown(),
                .accept = accept,
                .absent_statuses = options_.absent_statuses,
                .offline = options_.offline};
    }
    Result<CachedPage> fetch(const PageRequest& request, const RunContext& run) {
        return fetch_page(*client_, *cache_, *options_.clock, request, options_.limits, run);
    }

    Result<Project> ask(const packaging::PackageName& name, const RunContext& run) {
        const http::Url url =
            url_.without_userinfo().with_path_suffix(std::string(name.str()) + "/");
        Project project{.name = name};
        bool is_read = false;
        PageRequest request = request_for(url, accept_simple);
        request.read = [&](CachedPage& page) -> Result<void> {
            ENVPACK_TRY(const PageKind kind, kind_of(page));
            ENVPACK_TRY(project,
                        kind == PageKind::json
                            ? parse_simple_json(page.body, page.effective_url, name, limits())
                            : parse_simple_html(page.body, page.effective_url, name, limits()));
            page.body = pack_project(project);
            page.content_type = packed_content_type;
            is_read = true;
            return {};
        };
        request.stored_type = packed_content_type;
        ENVPACK_TRY(CachedPage answer, fetch(request, run));
        if (!is_read) {
            auto known = unpack_project(std::move(answer.body), name);
            if (known) {
                project = *std::move(known);
            } else {
                request.ignore_cache = true;
                ENVPACK_CHECK(fetch(request, run));
            }
        }
        project.index_url = url_.shown();
        return project;
    }

    Result<Project> linked_project(const packaging::PackageName& name, const RunContext& run) {
        const std::scoped_lock lock(mutex_);
        if (!links_) {
            ENVPACK_TRY(const CachedPage answer,
                        fetch(request_for(url_.without_userinfo(), "text/html"), run));
            ENVPACK_TRY(links_, html_links(answer.body, answer.effective_url, limits()));
        }
        Project project = project_from(*links_, name);
        project.index_url = url_.shown();
        if (project.files.empty()) {
            return fail(ErrorCode::not_found,
                        fmt::format("`{}` has no file of `{}`", url_.shown(), name.str()));
        }
        return project;
    }

    std::shared_ptr<http::HttpClient> client_;
    http::Url url_;
    std::shared_ptr<const Cache> cache_;
    HttpIndexOptions options_;
    std::mutex mutex_;
    std::map<packaging::PackageName, Result<Project>> projects_;
    std::optional<std::vector<SimpleLink>> links_;

public:
    HttpFiles files;
};

Result<std::shared_ptr<const HttpIndex>> HttpIndex::create(std::shared_ptr<http::HttpClient> client,
                                                           std::string_view index_url,
                                                           std::shared_ptr<const Cache> cache,
                                                           HttpIndexOptions options) {
    ENVPACK_ASSERT(client != nullptr && cache != nullptr);
    ENVPACK_TRY(http::Url url, http::Url::parse(text::trim(index_url)));
    if (url.is_file()) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("`{}` is not an http or https URL", url.shown()));
    }
    url = url.without_fragment();
    if (options.layout == HttpLayout::simple && !url.path().ends_with('/')) {
        url = url.with_path_suffix("/");
    }
    return std::shared_ptr<const HttpIndex>(new HttpIndex(std::make_unique<Implementation>(
        std::move(client), std::move(url), std::move(cache), std::move(options))));
}

HttpIndex::HttpIndex(std::unique_ptr<Implementation> implementation)
    : implementation_(std::move(implementation)) {}

HttpIndex::~HttpIndex() = default;

Result<Project> HttpIndex::project(const packaging::PackageName& name,
                                   const RunContext& run) const {
    return implementation_->project(name, run);
}

Result<packaging::CoreMetadata> HttpIndex::metadata(const DistFile& file,
                                                    const RunContext& run) const {
    ENVPACK_TRY(const std::string text, implementation_->files.metadata_text(file, run));
    return parse_metadata_of(file.filename, text, implementation_->limits());
}

Result<std::filesystem::path> HttpIndex::download(const DistFile& file,
                                                  const RunContext& run) const {
    return implementation_->files.download(file, run);
}

}  // namespace envpack::index
