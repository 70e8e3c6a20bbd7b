#include "envpack/base/text.hpp"
#include "envpack/index/simple_page.hpp"
#include "html_tags.hpp"
#include "simple_link.hpp"

#include <fmt/format.h>

namespace envpack::index {

namespace {

void read_attributes(const HtmlTag& tag, SimpleLink& link) {
    if (const auto* value = tag.find("data-requires-python")) {
        link.requires_python = *value;
    }
    if (const auto* value = tag.find("data-yanked")) {
        link.yanked = *value;
    }
    if (const auto* value = tag.find("data-upload-time")) {
        link.upload_time = *value;
    }
    // PEP 714: the new name goes first; the old one is for indexes that have not moved.
    const auto* metadata = tag.find("data-core-metadata");
    if (metadata == nullptr) {
        metadata = tag.find("data-dist-info-metadata");
    }
    if (metadata != nullptr && *metadata != "false") {
        link.has_metadata = true;
        if (auto hash = parse_hash(*metadata)) {
            link.metadata_hashes.insert(*std::move(hash));
        }
    }
}

}  // namespace

Result<std::vector<SimpleLink>> html_links(std::string_view body, std::string_view page_url,
                                           const Limits& limits) {
    ENVPACK_TRY(const http::Url page, http::Url::parse(page_url));
    const auto too_large = [&] {
        return fail(Error(ErrorCode::limit_exceeded,
                          fmt::format("the page `{}` is too large", page.shown()))
                        .with_rule("index.page-size"));
    };
    if (body.size() > limits.max_json) {
        return too_large();
    }
    LinkMaker maker(page);
    bool has_base = false;
    std::uint64_t anchors = 0;
    std::vector<SimpleLink> links;
    ENVPACK_CHECK(for_each_start_tag(body, [&](const HtmlTag& tag) -> Result<void> {
        const auto* href = tag.find("href");
        if (tag.name == "base" && href != nullptr && !has_base) {
            has_base = true;
            if (auto resolved = page.resolve(text::trim(*href))) {
                maker.set_base(*std::move(resolved));
            }
        } else if (tag.name == "meta") {
            const auto* name = tag.find("name");
            const auto* version = tag.find("content");
            if (name != nullptr && *name == "pypi:repository-version" && version != nullptr &&
                !is_known_api_version(text::trim(*version))) {
                return fail(ErrorCode::unsupported,
                            fmt::format("`{}` has repository version `{}`, only 1 is known",
                                        page.shown(), text::printable(*version, 40)));
            }
        } else if (tag.name == "a" && href != nullptr) {
            if (++anchors > limits.max_entries) {
                return too_large();
            }
            if (auto link = maker.make(*href)) {
                read_attributes(tag, *link);
                links.push_back(*std::move(link));
            }
        }
        return {};
    }));
    return links;
}

Result<Project> parse_simple_html(std::string_view body, std::string_view page_url,
                                  const packaging::PackageName& name, const Limits& limits) {
    ENVPACK_TRY(auto links, html_links(body, page_url, limits));
    return project_from(std::move(links), name);
}

}  // namespace envpack::index
