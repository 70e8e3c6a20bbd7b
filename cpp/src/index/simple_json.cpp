#include "envpack/base/json.hpp"
#include "envpack/base/text.hpp"
#include "envpack/index/simple_page.hpp"
#include "simple_link.hpp"

#include <fmt/format.h>

namespace envpack::index {

namespace {

std::map<std::string, std::string> read_hashes(const json::Value* value) {
    std::map<std::string, std::string> hashes;
    if (const auto* object = value == nullptr ? nullptr : value->as_object()) {
        for (const auto& [algorithm, hex] : *object) {
            if (const auto* text = hex.as_string()) {
                hashes.emplace(text::to_lower(algorithm), text::to_lower(*text));
            }
        }
    }
    return hashes;
}

std::optional<SimpleLink> read_file(const http::Url& page, const json::Value& file) {
    const auto* url = file.find("url");
    const auto* filename = file.find("filename");
    if (url == nullptr || url->as_string() == nullptr || filename == nullptr ||
        filename->as_string() == nullptr) {
        return std::nullopt;
    }
    auto link = make_link(page, page, *url->as_string());
    // I2: one file, one name. A page whose two names differ is not to be trusted with this file.
    if (!link || link->filename != *filename->as_string()) {
        return std::nullopt;
    }
    for (auto& [algorithm, hex] : read_hashes(file.find("hashes"))) {
        link->hashes.insert_or_assign(algorithm, hex);
    }
    if (const auto* value = file.find("requires-python"); value && value->as_string()) {
        link->requires_python = *value->as_string();
    }
    if (const auto* value = file.find("yanked")) {
        if (const auto* reason = value->as_string()) {
            link->yanked = *reason;
        } else if (const auto* yes = value->as_bool(); yes != nullptr && *yes) {
            link->yanked = "";
        }
    }
    const auto* metadata = file.find("core-metadata");  // PEP 714
    if (metadata == nullptr) {
        metadata = file.find("dist-info-metadata");
    }
    if (metadata != nullptr) {
        const auto* yes = metadata->as_bool();
        link->has_metadata = metadata->as_object() != nullptr || (yes != nullptr && *yes);
        link->metadata_hashes = read_hashes(metadata);
    }
    if (const auto* value = file.find("size"); value && value->as_integer()) {
        if (*value->as_integer() >= 0) {
            link->size = static_cast<std::uint64_t>(*value->as_integer());
        }
    }
    if (const auto* value = file.find("upload-time"); value && value->as_string()) {
        link->upload_time = *value->as_string();
    }
    return link;
}

/// The document, its version checked.
Result<json::Value> read_document(std::string_view body, const http::Url& page,
                                  const Limits& limits) {
    if (body.size() > limits.max_json) {
        return fail(Error(ErrorCode::limit_exceeded,
                          fmt::format("the page `{}` is too large", page.shown()))
                        .with_rule("index.page-size"));
    }
    ENVPACK_TRY(json::Value document,
                with_context(json::parse(body, limits.max_depth),
                             fmt::format("while reading `{}`", page.shown())));
    const auto* meta = document.find("meta");
    const auto* version = meta == nullptr ? nullptr : meta->find("api-version");
    if (version == nullptr || version->as_string() == nullptr) {
        return fail(ErrorCode::parse_error,
                    fmt::format("`{}` has no `meta.api-version`", page.shown()));
    }
    if (!is_known_api_version(*version->as_string())) {
        return fail(ErrorCode::unsupported,
                    fmt::format("`{}` has api-version `{}`, only 1 is known", page.shown(),
                                text::printable(*version->as_string(), 40)));
    }
    return document;
}

Result<std::vector<SimpleLink>> read_files(const json::Value& document, const http::Url& page,
                                           const Limits& limits) {
    ENVPACK_TRY(const json::Array* files,
                with_context(json::array_at(document, "files"),
                             fmt::format("while reading `{}`", page.shown())));
    if (files->size() > limits.max_entries) {
        return fail(Error(ErrorCode::limit_exceeded,
                          fmt::format("the page `{}` is too large", page.shown()))
                        .with_rule("index.page-size"));
    }
    std::vector<SimpleLink> links;
    links.reserve(files->size());
    for (const json::Value& file : *files) {
        if (auto link = read_file(page, file)) {
            links.push_back(*std::move(link));
        }
    }
    return links;
}

}  // namespace

Result<std::vector<SimpleLink>> json_links(std::string_view body, std::string_view page_url,
                                           const Limits& limits) {
    ENVPACK_TRY(const http::Url page, http::Url::parse(page_url));
    ENVPACK_TRY(const json::Value document, read_document(body, page, limits));
    return read_files(document, page, limits);
}

Result<Project> parse_simple_json(std::string_view body, std::string_view page_url,
                                  const packaging::PackageName& name, const Limits& limits) {
    ENVPACK_TRY(const http::Url page, http::Url::parse(page_url));
    ENVPACK_TRY(const json::Value document, read_document(body, page, limits));
    ENVPACK_TRY(const std::string_view said, json::string_at(document, "name"));
    if (const auto parsed = packaging::PackageName::parse(said); !parsed || *parsed != name) {
        return fail(Error(ErrorCode::parse_error,
                          fmt::format("`{}` is about `{}`, not about `{}`", page.shown(),
                                      text::printable(said), name.str()))
                        .with_rule("index.other-project"));
    }
    ENVPACK_TRY(const auto links, read_files(document, page, limits));
    return project_from(links, name);
}

}  // namespace envpack::index
