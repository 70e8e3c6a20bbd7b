#pragma once

#include "envpack/base/result.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace envpack::index {

// The start tags of an HTML page, without a tree. pip reads index pages the same way: tags are all
// that PEP 503 gives a meaning to. No tree also means that no page can make this deep or slow: one
// pass, linear in the page, no recursion.

struct HtmlTag {
    std::string name;  ///< lower case
    /// In order; names in lower case, values with their character references replaced.
    std::vector<std::pair<std::string, std::string>> attributes;
    /// The first attribute of that name; nullptr when absent.
    const std::string* find(std::string_view attribute) const noexcept;
};

/// Calls `visit` for every start tag outside comments and raw text, in order, until it fails.
/// Source: WHATWG HTML, 13.2.5 Tokenization.
Result<void> for_each_start_tag(std::string_view page,
                                const std::function<Result<void>(const HtmlTag&)>& visit);

/// Numeric references, and `&amp; &lt; &gt; &quot; &apos;`; others stay as they are.
std::string replace_character_references(std::string_view text);

}  // namespace envpack::index
