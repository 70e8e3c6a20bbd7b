#include "envpack/index/simple_page.hpp"

#include "support/conformance.hpp"

#include <gtest/gtest.h>

namespace envpack::index {
namespace {

constexpr const char* page_url = "https://index.example/simple/demo/";

packaging::PackageName demo() {
    return packaging::PackageName::parse("demo").value();
}

std::vector<SimpleLink> links_of(std::string_view html, std::string_view url = page_url) {
    auto links = html_links(html, url);
    EXPECT_TRUE(links) << links.error().render();
    return links ? *links : std::vector<SimpleLink>();
}

bool same_link(const SimpleLink& link, const json::Value& wanted) {
    const auto text = [&](const char* key) {
        const auto* value = wanted.find(key)->as_string();
        return value == nullptr ? std::optional<std::string>() : std::optional(*value);
    };
    std::map<std::string, std::string> hashes;
    for (const auto& [algorithm, hex] : *wanted.find("hashes")->as_object()) {
        hashes.emplace(algorithm, *hex.as_string());
    }
    return link.url == text("url") && link.filename == text("filename") &&
           link.requires_python == text("requires_python").value_or("") &&
           link.yanked == text("yanked") && link.hashes == hashes;
}

TEST(SimplePage, LinksOfThePagesThatPipTestsWithAreEqual) {
    if (const auto missing = support::conformance_missing(); !missing.empty()) {
        GTEST_SKIP() << missing;
    }
    support::ConformanceReport report("index/expected.json");
    for (const json::Value& row : support::conformance_cases("index/expected.json")) {
        const auto file = support::conformance_folder() / "index" / *row.find("file")->as_string();
        const auto links =
            links_of(read_file(file, 1u << 20).value(), *row.find("base_url")->as_string());
        const json::Array& wanted = *row.find("links")->as_array();
        bool same = links.size() == wanted.size();
        for (std::size_t i = 0; same && i < wanted.size(); ++i) {
            same = same_link(links[i], wanted[i]);
        }
        report.expect(same, row);
    }
}

TEST(SimplePage, HtmlIsReadHoweverItIsWritten) {
    const struct {
        const char* html;
        std::vector<std::string> filenames;
    } rows[] = {
        {"", {}},
        {"<a href=demo-1.0.zip>", {"demo-1.0.zip"}},
        {"<A HREF='demo-1.0.zip'>x</A>", {"demo-1.0.zip"}},
        {"<a\n href\n=\n\"demo-1.0.zip\"\n/>", {"demo-1.0.zip"}},
        {"<a x href=demo-1.0.zip y=z href=second.zip>", {"demo-1.0.zip"}},
        {"<a href=\"  demo-1.0.zip  \">", {"demo-1.0.zip"}},
        {"<a href='demo-1.0%2Bcu126.zip'>", {"demo-1.0+cu126.zip"}},
        {"<a href='demo-1.0&#43;cu126.zip'><a href='demo-1.0&#x2B;a&amp;b.zip'>",
         {"demo-1.0+cu126.zip", "demo-1.0+a&b.zip"}},
        {"<!-- <a href=demo-1.0.zip> --><a href=demo-2.0.zip>", {"demo-2.0.zip"}},
        {"<!--><a href=demo-1.0.zip>--><a href=demo-2.0.zip>", {"demo-1.0.zip", "demo-2.0.zip"}},
        {"<!-- --!><a href=demo-1.0.zip>", {"demo-1.0.zip"}},
        {"<script><a href=demo-1.0.zip></script ><a href=demo-2.0.zip>", {"demo-2.0.zip"}},
        {"<title></titles><a href=demo-1.0.zip></TITLE><a href=demo-2.0.zip>", {"demo-2.0.zip"}},
        {"<style><a href=demo-1.0.zip>", {}},
        {"<plaintext><a href=demo-1.0.zip>", {}},
        {"<!DOCTYPE html><?xml <a href=demo-1.0.zip>?><a href=demo-2.0.zip>", {"demo-2.0.zip"}},
        {"a < b <a href=demo-1.0.zip> & < ", {"demo-1.0.zip"}},
        {"<a href=demo-1.0.zip", {}},
        {"<a href='demo-1.0.zip>", {}},
        {"<abbr href=demo-1.0.zip><link href=demo-2.0.zip>", {}},
        {"\xef\xbb\xbf<a href=demo-1.0.zip>", {"demo-1.0.zip"}},
        {"<base href='https://files.example/p/'><a href=demo-1.0.zip>", {"demo-1.0.zip"}}};
    for (const auto& row : rows) {
        std::vector<std::string> filenames;
        for (const SimpleLink& link : links_of(row.html)) {
            filenames.push_back(link.filename);
        }
        EXPECT_EQ(filenames, row.filenames) << row.html;
    }
}

TEST(SimplePage, FirstBaseCounts) {
    const auto links =
        links_of("<base href='/files/'><base href='https://evil.example/'><a href='demo-1.0.zip'>");
    EXPECT_EQ(links.at(0).url, "https://index.example/files/demo-1.0.zip");
}

TEST(SimplePage, UnusableLinksAreLeftOutOneByOne) {
    const char* refused[] = {"javascript:alert(1)/demo-1.0.zip",
                             "data:text/html,demo-1.0.zip",
                             "file:///srv/demo-1.0.zip",
                             "ftp://files.example/demo-1.0.zip",
                             "http://files.example/demo-1.0.zip",
                             "https://files.example/demo-1.0.zip/",
                             "https://files.example/%2e%2e%2fdemo-1.0.zip",
                             "https://files.example/..%5cdemo-1.0.zip",
                             "https://files.example/demo-1.0%0d%0a.zip",
                             "https://files.example/%ff.zip",
                             "https://files.example:0/demo-1.0.zip",
                             "https://in dex.example/demo-1.0.zip",
                             "#fragment-only",
                             ""};
    for (const char* href : refused) {
        const std::string html =
            "<a href='" + std::string(href) + "'>x</a><a href='demo-2.0.zip'>y</a>";
        const auto links = links_of(html);
        ASSERT_EQ(links.size(), 1u) << href;
        EXPECT_EQ(links[0].filename, "demo-2.0.zip") << href;
    }
    EXPECT_TRUE(links_of("<a href='" + std::string(10u << 20, 'a') + ".zip'>").empty());
    EXPECT_TRUE(links_of("<a href='demo-1.0.zip\r\nX: y'>").empty());
}

TEST(SimplePage, SchemeOfThePageDecidesWhereItMayLead) {
    const struct {
        const char* page;
        const char* href;
        bool usable;
    } rows[] = {{"https://a.example/s/", "https://b.example/x.zip", true},
                {"https://a.example/s/", "//b.example/x.zip", true},
                {"https://a.example/s/", "http://a.example/x.zip", false},
                {"http://a.example/s/", "http://b.example/x.zip", true},
                {"http://a.example/s/", "https://b.example/x.zip", true},
                {"http://a.example/s/", "file:///x.zip", false},
                {"file:///srv/index.html", "x.zip", true},
                {"file:///srv/index.html", "https://b.example/x.zip", true},
                {"file:///srv/index.html", "http://b.example/x.zip", false}};
    for (const auto& row : rows) {
        EXPECT_EQ(links_of("<a href='" + std::string(row.href) + "'>", row.page).size(),
                  row.usable ? 1u : 0u)
            << row.page << " " << row.href;
    }
}

TEST(SimplePage, UserinfoAndFragmentDoNotStayInTheUrl) {
    const auto links = links_of(
        "<a href='https://me:canary@files.example/demo-1.0.zip?sig=1#sha256=AB&egg=demo'>");
    EXPECT_EQ(links.at(0).url, "https://files.example/demo-1.0.zip?sig=1");
    EXPECT_EQ(links.at(0).hashes, (std::map<std::string, std::string>{{"sha256", "ab"}}));
}

const std::string digest(64, 'a');

TEST(SimplePage, HtmlAttributesBecomeTheFile) {
    const auto project =
        parse_simple_html("<a href='demo-1.0-py3-none-any.whl#sha256=" + digest +
                              "' data-requires-python='&gt;=3.9' data-yanked='broken'"
                              " data-upload-time='2024-01-02T03:04:05Z'"
                              " data-core-metadata='sha256=" +
                              digest +
                              "'>x</a>"
                              "<a href='demo-2.0.tar.gz' data-dist-info-metadata='true'"
                              " data-requires-python='><X.y' data-yanked>y</a>",
                          page_url, demo())
            .value();
    ASSERT_EQ(project.files.size(), 2u);
    const DistFile& wheel = project.files[0];
    EXPECT_EQ(wheel.url, "https://index.example/simple/demo/demo-1.0-py3-none-any.whl");
    EXPECT_EQ(wheel.sha256->hex(), digest);
    EXPECT_EQ(wheel.requires_python->to_string(), ">=3.9");
    EXPECT_EQ(wheel.yanked, "broken");
    EXPECT_EQ(wheel.upload_time, "2024-01-02T03:04:05Z");
    EXPECT_TRUE(wheel.has_metadata);
    EXPECT_EQ(wheel.metadata_sha256->hex(), digest);
    const DistFile& sdist = project.files[1];
    EXPECT_FALSE(sdist.sha256);
    EXPECT_FALSE(sdist.requires_python) << "an invalid Requires-Python is ignored";
    EXPECT_EQ(sdist.yanked, "");
    EXPECT_TRUE(sdist.has_metadata);
    EXPECT_FALSE(sdist.metadata_sha256);
}

TEST(SimplePage, JsonGivesTheSameFiles) {
    const auto project = parse_simple_json(R"({"meta": {"api-version": "1.1"}, "name": "Demo",
        "versions": ["1.0"], "files": [
        {"filename": "demo-1.0-py3-none-any.whl", "url": "demo-1.0-py3-none-any.whl",
         "hashes": {"sha256": ")" + digest + R"("}, "requires-python": ">=3.9",
         "yanked": "broken", "size": 12, "upload-time": "2024-01-02T03:04:05Z",
         "core-metadata": {"sha256": ")" + digest +
                                               R"("}, "dist-info-metadata": false},
        {"filename": "demo-2.0.tar.gz", "url": "https://files.example/demo-2.0.tar.gz",
         "hashes": {}, "yanked": true, "dist-info-metadata": true, "size": -1},
        {"filename": "demo-3.0.tar.gz", "url": "https://files.example/demo-3.0.tar.gz",
         "hashes": {}, "yanked": false, "requires-python": null}]})",
                                           page_url, demo());
    ASSERT_TRUE(project) << project.error().render();
    ASSERT_EQ(project->files.size(), 3u);
    const DistFile& wheel = project->files[0];
    EXPECT_EQ(wheel.url, "https://index.example/simple/demo/demo-1.0-py3-none-any.whl");
    EXPECT_EQ(wheel.sha256->hex(), digest);
    EXPECT_EQ(wheel.size, 12u);
    EXPECT_EQ(wheel.requires_python->to_string(), ">=3.9");
    EXPECT_EQ(wheel.yanked, "broken");
    EXPECT_EQ(wheel.metadata_sha256->hex(), digest);
    EXPECT_EQ(project->files[1].yanked, "");
    EXPECT_TRUE(project->files[1].has_metadata);
    EXPECT_FALSE(project->files[1].size);
    EXPECT_FALSE(project->files[2].yanked);
    EXPECT_FALSE(project->files[2].has_metadata);
}

TEST(SimplePage, JsonPagesThatAreNotSuchPagesAreRefused) {
    const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
    const struct {
        std::string body;
        ErrorCode code;
    } rows[] = {
        {"", ErrorCode::parse_error},
        {"{", ErrorCode::parse_error},
        {"[]", ErrorCode::parse_error},
        {"{}", ErrorCode::parse_error},
        {deep, ErrorCode::limit_exceeded},
        {"[[[", ErrorCode::parse_error},
        {R"({"meta":{"api-version":"2.0"},"name":"demo","files":[]})", ErrorCode::unsupported},
        {R"({"meta":{"api-version":"10.0"},"name":"demo","files":[]})", ErrorCode::unsupported},
        {R"({"meta":{"api-version":"1.0"},"name":"other","files":[]})", ErrorCode::parse_error},
        {R"({"meta":{"api-version":"1.0"},"name":"demo"})", ErrorCode::parse_error},
        {R"({"meta":{"api-version":"1.0"},"name":"demo","files":[]} x)", ErrorCode::parse_error}};
    for (const auto& row : rows) {
        const auto project = parse_simple_json(row.body, page_url, demo());
        ASSERT_FALSE(project) << row.body.substr(0, 80);
        EXPECT_EQ(project.error().code(), row.code) << row.body.substr(0, 80);
    }
}

TEST(SimplePage, OddFilesOfAJsonPageAreLeftOut) {
    const auto project = parse_simple_json(R"({"meta":{"api-version":"1.0"},"name":"demo","files":[
        {"filename":"demo-1.0.tar.gz","url":"https://files.example/other-1.0.tar.gz"},
        {"filename":"demo-1.1.tar.gz","url":"http://files.example/demo-1.1.tar.gz"},
        {"filename":"demo-1.2.tar.gz"}, 7, null,
        {"filename":"demo-1.3.tar.gz","url":"demo-1.3.tar.gz","hashes":{"sha256":"short"}},
        {"filename":"other-1.0.tar.gz","url":"other-1.0.tar.gz"},
        {"filename":"demo-1.4.tar.gz","url":"demo-1.4.tar.gz"}]})",
                                           page_url, demo())
                             .value();
    ASSERT_EQ(project.files.size(), 1u);
    EXPECT_EQ(project.files[0].filename, "demo-1.4.tar.gz");
}

TEST(SimplePage, ALinkIsReadTheSameWhateverLinkWasBeforeIt) {
    const std::string server = "https://files.example";
    for (const std::string path : {"/a/b/demo-1.0.tar.gz",
                                   "//a//demo-1.0.tar.gz",
                                   "/demo-1.0.tar.gz",
                                   "/a/./demo-1.0.zip",
                                   "/a/../demo-1.0.zip",
                                   "/a/..",
                                   "/.",
                                   "/",
                                   "",
                                   "/a/",
                                   "/a/.demo",
                                   "/a%2Fb",
                                   "/a%20b/c d",
                                   "/a/demo-1.0.zip?x=1",
                                   "/a/demo-1.0.zip?",
                                   "/a/demo-1.0.zip#sha256=ab",
                                   "/a\\b",
                                   "/a;b",
                                   "/demo-1.0+cu121.zip",
                                   ":443/demo-1.0.zip",
                                   ":8443/demo-1.0.zip",
                                   "@evil/demo-1.0.zip",
                                   ".evil/demo-1.0.zip",
                                   "/d\xc3\xa9mo-1.0.zip",
                                   "/a\tb",
                                   "/~a/demo_1-1.0.zip"}) {
        for (const std::string before : {"/x/y.zip", "/y.zip?q=1", ":8443/y.zip", "/%79.zip"}) {
            const std::string anchor = "<a href='" + server + path + "'>";
            const auto alone = links_of(anchor);
            auto after = links_of("<a href='" + server + before + "'>" + anchor);
            ASSERT_EQ(after.size(), alone.size() + 1) << path;
            if (!alone.empty()) {
                EXPECT_EQ(after[1].url, alone[0].url) << path;
                EXPECT_EQ(after[1].filename, alone[0].filename) << path;
                EXPECT_EQ(after[1].hashes, alone[0].hashes) << path;
            }
        }
    }
}

TEST(SimplePage, PlainRelativeLinksAreReadLikeAnyOther) {
    // A space in front takes the long way: it is trimmed, and what is left resolved by RFC 3986.
    for (const std::string page : {page_url, "https://index.example/simple/demo/?page=1",
                                   "https://me:canary@index.example/simple/demo/index.html",
                                   "http://index.example", "file:///srv/simple/demo/index.html"}) {
        for (const std::string href : {"demo-1.0.zip",
                                       "a/demo-1.0.zip",
                                       "a//demo-1.0.zip",
                                       "./demo-1.0.zip",
                                       "../../demo-1.0.zip",
                                       "a/../demo-1.0.zip",
                                       ".demo",
                                       "..",
                                       "",
                                       "#sha256=ab",
                                       "?x=1",
                                       "a/",
                                       "a:demo-1.0.zip",
                                       "demo-1.0.zip?x=1",
                                       "demo-1.0.zip#sha256=ab",
                                       "demo-1.0.zip#sha256=AB",
                                       "demo-1.0.zip#sha256=ab&md5=cd",
                                       "demo-1.0.zip#sha256=ab ",
                                       "demo-1.0.zip##sha256=ab",
                                       "demo-1.0.zip#md5=cd",
                                       "demo-1.0.zip#",
                                       "demo-1.0.zip#=",
                                       "demo-1.0.zip#egg=demo",
                                       "demo-1.0+cu121.zip",
                                       "d%20emo.zip",
                                       "d\tmo.zip",
                                       "//other.example/demo.zip",
                                       "/demo-1.0.zip"}) {
            const auto quick = links_of("<a href='" + href + "'>", page);
            const auto slow = links_of("<a href=' " + href + "'>", page);
            ASSERT_EQ(quick.size(), slow.size()) << page << " " << href;
            if (!slow.empty()) {
                EXPECT_EQ(quick[0].url, slow[0].url) << page << " " << href;
                EXPECT_EQ(quick[0].filename, slow[0].filename) << page << " " << href;
                EXPECT_EQ(quick[0].hashes, slow[0].hashes) << page << " " << href;
            }
        }
    }
}

TEST(SimplePage, AWheelLikeTheOneBeforeStillNeedsAVersion) {
    std::string page;
    for (const std::string name :
         {"demo-1.0-py3-none-any.whl", "demo-1.1-py3-none-any.whl", "demo--py3-none-any.whl",
          "demo-x-py3-none-any.whl", "demo-py3-none-any.whl", "Demo-1.2-py3-none-any.whl",
          "other-1.3-py3-none-any.whl", "demo-1.4-py3-none-any.whl", "demo-1.5-1-py3-none-any.whl",
          "demo-1.6-1-py3-none-any.whl", "demo-1.7-x-py3-none-any.whl", "demo-1.8.tar.gz",
          "demo-1.9.zip", "demo-1.1-py3-none-any.whl"}) {
        page += "<a href='" + name + "'>" + name + "</a>";
    }
    const auto project = parse_simple_html(page, page_url, demo());
    ASSERT_TRUE(project) << project.error().message();
    std::vector<std::string> names;
    for (std::size_t i = 0; i < project->files.size(); ++i) {
        names.emplace_back(project->files[i].filename);
    }
    EXPECT_EQ(names, (std::vector<std::string>{
                         "demo-1.0-py3-none-any.whl", "demo-1.1-py3-none-any.whl",
                         "Demo-1.2-py3-none-any.whl", "demo-1.4-py3-none-any.whl",
                         "demo-1.5-1-py3-none-any.whl", "demo-1.6-1-py3-none-any.whl",
                         "demo-1.8.tar.gz", "demo-1.9.zip"}));
}

TEST(SimplePage, OneMemberTwiceIsRefused) {
    for (const std::string page :
         {R"({"meta":{"api-version":"1.0"},"name":"demo","files":[],"files":[]})",
          R"({"meta":{"api-version":"1.0"},"name":"demo","files":[{"url":"a","url":"b"}]})"}) {
        EXPECT_EQ(parse_simple_json(page, page_url, demo()).error().rule(), "json.duplicate-key");
    }
}

TEST(SimplePage, FilesOfOtherProjectsAndOfNoStandardAreNotListed) {
    const struct {
        const char* filename;
        bool belongs;
    } rows[] = {{"demo-1.0-py3-none-any.whl", true},
                {"Demo-1.0-1-py3-none-any.whl", true},
                {"demo-1.0.tar.gz", true},
                {"demo-1.0.zip", true},
                {"demo-1.0+cu126-py3-none-any.whl", true},
                {"demo_extra-1.0-py3-none-any.whl", false},
                {"demo-extra-1.0.tar.gz", false},
                {"demo-2010i-py3-none-any.whl", false},
                {"demo-1.0-py3-none.whl", false},
                {"demo-1.0.exe", false},
                {"demo-1.0-py3.11.egg", false},
                {"demo-1.0-py3-none-any.whl.asc", false},
                {"demo-1.0-py3-none-any.whl.", false},
                {"demo-1.0-py3-none-any.whl;x", false},
                {"%64emo-1.0-py3-none-any.whl", false}};
    for (const auto& row : rows) {
        EXPECT_EQ(project_of(row.filename) == demo().str(), row.belongs) << row.filename;
    }
}

TEST(SimplePage, RepositoryVersionOfAnotherMajorIsUnsupported) {
    const auto with = [](const std::string& version) {
        return html_links("<meta name='pypi:repository-version' content='" + version + "'>",
                          page_url);
    };
    EXPECT_TRUE(with("1.0"));
    EXPECT_TRUE(with("1.9"));
    EXPECT_EQ(with("2.0").error().code(), ErrorCode::unsupported);
}

TEST(SimplePage, HugePagesAreBoundedAndLinear) {
    // Shapes that make a tree deep or quadratic: nothing here is a tree.
    for (const char* piece : {"<div>", "<a href=x>", "<a href=x><div><p>", "<!--", "<script>", "<",
                              "</", "<a href='", "<!-- --", "&#", "<title></t"}) {
        std::string html;
        while (html.size() < (256u << 10)) {
            html += piece;
        }
        (void)html_links(html, page_url);
    }
    Limits limits;
    limits.max_entries = 10;
    std::string html;
    for (int i = 0; i < 11; ++i) {
        html += "<a href=demo-1.0.zip>";
    }
    EXPECT_EQ(html_links(html, page_url, limits).error().rule(), "index.page-size");
    limits.max_json = html.size() - 1;
    EXPECT_EQ(html_links(html, page_url, limits).error().rule(), "index.page-size");
}

}  // namespace
}  // namespace envpack::index
