#include "envpack/base/text.hpp"
#include "envpack/index/simple_page.hpp"
#include "simple_link.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <simdjson.h>

#include <fmt/format.h>

namespace envpack::index {

namespace {

namespace dom = simdjson::dom;

Error too_large(const http::Url& page) {
    return Error(ErrorCode::limit_exceeded, fmt::format("the page `{}` is too large", page.shown()))
        .with_rule("index.page-size");
}

Error malformed(const http::Url& page, std::string_view why, const char* rule) {
    return Error(ErrorCode::parse_error, fmt::format("`{}` is {}", page.shown(), why))
        .with_rule(rule);
}

/// The members that are looked at. Of these no object may have two: readers differ in which counts.
template <std::size_t count>
class Members {
public:
    using Names = std::array<std::string_view, count>;

    /// false for a member that is there twice.
    static bool read(dom::object object, const Names& names, Members& into) {
        for (const dom::key_value_pair member : object) {
            const auto name = std::find(names.begin(), names.end(), member.key);
            if (name == names.end()) {
                continue;
            }
            auto& value = into.values_[static_cast<std::size_t>(name - names.begin())];
            if (value) {
                return false;
            }
            value = member.value;
        }
        return true;
    }

    std::optional<std::string_view> text(std::size_t member) const {
        return get<std::string_view>(member);
    }
    template <class Kind>
    std::optional<Kind> get(std::size_t member) const {
        Kind value{};
        if (!values_[member] || values_[member]->get(value) != simdjson::SUCCESS) {
            return std::nullopt;
        }
        return value;
    }
    bool has(std::size_t member) const { return values_[member].has_value(); }

private:
    std::array<std::optional<dom::element>, count> values_;
};

// PEP 691, 700, 714; the last is the name that 714 replaced.
enum FileMember : std::size_t {
    file_url,
    file_name,
    file_hashes,
    file_requires_python,
    file_yanked,
    file_size,
    file_upload_time,
    file_core_metadata,
    file_dist_info_metadata,
};
using FileMembers = Members<9>;
constexpr FileMembers::Names file_members = {
    "url",  "filename",    "hashes",        "requires-python",   "yanked",
    "size", "upload-time", "core-metadata", "dist-info-metadata"};

void read_hashes(const std::optional<dom::object>& object, Hashes& into) {
    if (object) {
        for (const dom::key_value_pair member : *object) {
            std::string_view hex;
            if (member.value.get(hex) == simdjson::SUCCESS) {
                into.insert_or_assign(text::to_lower(member.key), text::to_lower(hex));
            }
        }
    }
}

std::optional<SimpleLink> read_file(LinkMaker& links, const FileMembers& file) {
    const auto url = file.text(file_url);
    const auto filename = file.text(file_name);
    if (!url || !filename) {
        return std::nullopt;
    }
    auto link = links.make(*url);
    // I2: one file, one name. A page whose two names differ is not to be trusted with this file.
    if (!link || link->filename != *filename) {
        return std::nullopt;
    }
    read_hashes(file.get<dom::object>(file_hashes), link->hashes);
    link->requires_python = file.text(file_requires_python).value_or("");
    if (const auto reason = file.text(file_yanked)) {
        link->yanked = *reason;
    } else if (file.get<bool>(file_yanked).value_or(false)) {
        link->yanked = "";
    }
    const auto metadata =
        file.has(file_core_metadata) ? file_core_metadata : file_dist_info_metadata;
    const auto metadata_hashes = file.get<dom::object>(metadata);
    link->has_metadata = metadata_hashes || file.get<bool>(metadata).value_or(false);
    read_hashes(metadata_hashes, link->metadata_hashes);
    link->size = file.get<std::uint64_t>(file_size);
    if (const auto time = file.text(file_upload_time)) {
        link->upload_time = *time;
    }
    return link;
}

enum PageMember : std::size_t { page_meta, page_name, page_files };
using PageMembers = Members<3>;
constexpr PageMembers::Names page_members = {"meta", "name", "files"};

/// A page and what its members point into. Pages are megabytes: simdjson reads them ten times as
/// fast as the reader behind json::parse(), and refuses the same texts.
struct Document {
    dom::parser parser;
    PageMembers members;
};

Result<std::unique_ptr<Document>> read_document(std::string_view body, const http::Url& page,
                                                const Limits& limits) {
    if (body.size() > limits.max_json) {
        return fail(too_large(page));
    }
    if (body.starts_with("\xef\xbb\xbf")) {
        body.remove_prefix(3);  // RFC 8259 section 8.1
    }
    auto document = std::make_unique<Document>();
    dom::element root;
    auto error = document->parser.allocate(body.size(), limits.max_depth);
    if (error == simdjson::SUCCESS) {
        error = document->parser.parse(body.data(), body.size()).get(root);
    }
    if (error == simdjson::DEPTH_ERROR) {
        return fail(Error(ErrorCode::limit_exceeded, fmt::format("`{}` nests deeper than {} levels",
                                                                 page.shown(), limits.max_depth))
                        .with_rule("json.depth"));
    }
    if (error != simdjson::SUCCESS) {
        return fail(malformed(page,
                              fmt::format("malformed JSON: {}", simdjson::error_message(error)),
                              "json.malformed"));
    }
    dom::object object;
    dom::object meta;
    std::string_view version;
    if (root.get(object) == simdjson::SUCCESS &&
        !PageMembers::read(object, page_members, document->members)) {
        return fail(malformed(page, "a page with one member twice", "json.duplicate-key"));
    }
    const auto found = document->members.get<dom::object>(page_meta);
    if (!found || found->at_key("api-version").get(version) != simdjson::SUCCESS) {
        return fail(ErrorCode::parse_error,
                    fmt::format("`{}` has no `meta.api-version`", page.shown()));
    }
    if (!is_known_api_version(version)) {
        return fail(ErrorCode::unsupported,
                    fmt::format("`{}` has api-version `{}`, only 1 is known", page.shown(),
                                text::printable(version, 40)));
    }
    return document;
}

Result<std::vector<SimpleLink>> read_files(const Document& document, const http::Url& page,
                                           const Limits& limits) {
    const auto files = document.members.get<dom::array>(page_files);
    if (!files) {
        return fail(ErrorCode::parse_error, fmt::format("`{}` has no list `files`", page.shown()));
    }
    if (files->size() > limits.max_entries) {
        return fail(too_large(page));
    }
    LinkMaker maker(page);
    std::vector<SimpleLink> links;
    links.reserve(files->size());
    for (const dom::element file : *files) {
        dom::object object;
        if (file.get(object) != simdjson::SUCCESS) {
            continue;
        }
        FileMembers members;
        if (!FileMembers::read(object, file_members, members)) {
            return fail(malformed(page, "a page with a file that has one member twice",
                                  "json.duplicate-key"));
        }
        if (auto link = read_file(maker, members)) {
            links.push_back(*std::move(link));
        }
    }
    return links;
}

}  // namespace

Result<std::vector<SimpleLink>> json_links(std::string_view body, std::string_view page_url,
                                           const Limits& limits) {
    ENVPACK_TRY(const http::Url page, http::Url::parse(page_url));
    ENVPACK_TRY(const auto document, read_document(body, page, limits));
    return read_files(*document, page, limits);
}

Result<Project> parse_simple_json(std::string_view body, std::string_view page_url,
                                  const packaging::PackageName& name, const Limits& limits) {
    ENVPACK_TRY(const http::Url page, http::Url::parse(page_url));
    ENVPACK_TRY(const auto document, read_document(body, page, limits));
    const auto said = document->members.text(page_name);
    if (!said) {
        return fail(ErrorCode::parse_error, fmt::format("`{}` has no `name`", page.shown()));
    }
    if (const auto parsed = packaging::PackageName::parse(*said); !parsed || *parsed != name) {
        return fail(Error(ErrorCode::parse_error,
                          fmt::format("`{}` is about `{}`, not about `{}`", page.shown(),
                                      text::printable(*said), name.str()))
                        .with_rule("index.other-project"));
    }
    ENVPACK_TRY(auto links, read_files(*document, page, limits));
    return project_from(std::move(links), name);
}

}  // namespace envpack::index
