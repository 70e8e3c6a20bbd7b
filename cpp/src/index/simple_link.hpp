#pragma once

#include "envpack/http/url.hpp"
#include "envpack/index/simple_page.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace envpack::index {

/// A link to `href` on `page` with its URL and file name decided; nullopt when it cannot be used
/// (the rules are in simple_page.hpp). `base` is what `href` is relative to.
std::optional<SimpleLink> make_link(const http::Url& page, const http::Url& base,
                                    std::string_view href);

/// "sha256=<hex>" as a pair, for fragments and metadata attributes; nullopt for other texts.
std::optional<std::pair<std::string, std::string>> parse_hash(std::string_view text);

/// Whether `text` is a version number that this library reads: "1" or "1.<something>".
bool is_known_api_version(std::string_view text);

/// The files of a page that belong to the project.
Project project_from(const std::vector<SimpleLink>& links, const packaging::PackageName& name);

}  // namespace envpack::index
