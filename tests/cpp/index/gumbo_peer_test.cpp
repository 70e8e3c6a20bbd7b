// A page of an index read as HTML5 says: gumbo implements its parsing algorithm.

#include "envpack/index/simple_page.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <gumbo.h>

namespace envpack::index {
namespace {

/// One anchor: its reference and the attributes that indexes set.
using Anchor = std::vector<std::string>;

void collect(const GumboNode& node, std::vector<Anchor>& anchors) {
    if (node.type != GUMBO_NODE_ELEMENT) {
        return;
    }
    const GumboElement& element = node.v.element;
    const auto value = [&](const char* name) -> std::string {
        const GumboAttribute* const found = ::gumbo_get_attribute(&element.attributes, name);
        return found == nullptr ? "(none)" : found->value;
    };
    if (element.tag == GUMBO_TAG_A && value("href") != "(none)") {
        anchors.push_back({value("href"), value("data-requires-python"), value("data-yanked")});
    }
    for (unsigned i = 0; i < element.children.length; ++i) {
        collect(*static_cast<const GumboNode*>(element.children.data[i]), anchors);
    }
}

std::vector<Anchor> by_gumbo(const std::string& html) {
    std::vector<Anchor> anchors;
    GumboOutput* const output =
        ::gumbo_parse_with_options(&kGumboDefaultOptions, html.data(), html.size());
    collect(*output->root, anchors);
    ::gumbo_destroy_output(&kGumboDefaultOptions, output);
    return anchors;
}

std::vector<Anchor> by_us(const std::string& html) {
    std::vector<Anchor> anchors;
    const std::string folder = "https://index.example/simple/demo/";
    const auto links = html_links(html, folder);
    EXPECT_TRUE(links) << links.error().render();
    for (const SimpleLink& link : links.value_or(std::vector<SimpleLink>())) {
        anchors.push_back({link.url.substr(folder.size()),
                           link.requires_python.empty() ? "(none)" : link.requires_python,
                           link.yanked.value_or("(none)")});
    }
    return anchors;
}

/// Pieces that are joined in every order of three: what one leaves open, the next one meets.
const std::vector<std::string> pieces = {
    "<a href=\"one-1.0.zip\">one</a>",
    "<A HREF='two-1.0.zip' data-requires-python='&gt;=3.9'>two</A>",
    "<a href=three-1.0.zip data-yanked>",
    "<a data-yanked=\"a &quot;b&quot; &amp; c\" href = four-1.0.zip >four</a>",
    "<a href=\"five-1.0.zip\" href=\"other-1.0.zip\">",
    "<!-- <a href=\"comment-1.0.zip\"> -->",
    "<!-- > --><br/>",
    "<script>var a = '<a href=\"script-1.0.zip\">';</script>",
    "<style><a href=\"style-1.0.zip\"></style>",
    "<textarea><a href=\"area-1.0.zip\"></textarea>",
    "<p title='<a href=\"title-1.0.zip\">'>text</p>",
    "<abbr href=\"abbr-1.0.zip\">",
    "</a ><br>a < b && c > d\n",
    "<a\nhref=\"&#115;ix-1.0.zip\"\n>six</a\n>",
    "<a name=\"none\">no reference</a>",
};

TEST(GumboPeer, TheSameAnchorsInEveryOrderOfPieces) {
    for (const std::string& first : pieces) {
        for (const std::string& second : pieces) {
            for (const std::string& third : pieces) {
                std::string html = "<!DOCTYPE html><html><head><title>Links</title></head><body>";
                html += first;
                html += second;
                html += third;
                html += "</body></html>";
                ASSERT_EQ(by_us(html), by_gumbo(html)) << html;
            }
        }
    }
}

}  // namespace
}  // namespace envpack::index
