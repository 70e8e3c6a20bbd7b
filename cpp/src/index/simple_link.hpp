#pragma once

#include "envpack/http/url.hpp"
#include "envpack/index/simple_page.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace envpack::index {

/// Makes the links of one page. What it learns of one link it uses for the next: most point to
/// plain paths on the same server or beside the page, and need not be taken apart.
class LinkMaker {
public:
    explicit LinkMaker(http::Url page) : page_(std::move(page)), base_(page_) { set_base(page_); }
    /// What relative links are relative to, instead of the page.
    void set_base(http::Url base);
    const http::Url& page() const noexcept { return page_; }

    /// A link to `href` with its URL and file name decided; nullopt when it cannot be used (the
    /// rules are in simple_page.hpp).
    std::optional<SimpleLink> make(std::string_view href);

private:
    std::optional<SimpleLink> make_any(std::string_view href);
    http::Url page_;
    http::Url base_;
    std::string folder_;  ///< of the base, with `/` at its end; empty where it may not be linked to
    std::string server_;  ///< "https://host/" that links may point to; empty before the first
};

/// "sha256=<hex>" as a pair, for fragments and metadata attributes; nullopt for other texts.
std::optional<std::pair<std::string, std::string>> parse_hash(std::string_view text);

/// Whether `text` is a version number that this library reads: "1" or "1.<something>".
bool is_known_api_version(std::string_view text);

/// The files of a page that belong to the project.
Project project_from(std::vector<SimpleLink> links, const packaging::PackageName& name);

}  // namespace envpack::index
