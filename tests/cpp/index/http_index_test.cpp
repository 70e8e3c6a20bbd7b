#include "envpack/index/http_index.hpp"

#include "envpack/base/file.hpp"
#include "envpack/http/memory_http_client.hpp"
#include "support/temp_folder.hpp"
#include "support/wheel_builder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace envpack::index {
namespace {

using Answer = http::MemoryHttpClient::Answer;
using Recorded = http::MemoryHttpClient::Recorded;

packaging::PackageName demo() {
    return packaging::PackageName::parse("demo").value();
}

const std::string page_url = "https://index.example/simple/demo/";
const std::string wheel_name = "demo-1.0-py3-none-any.whl";
const std::string wheel_url = "https://files.example/" + wheel_name;

/// An index of one wheel, with a cache that outlives the HttpIndex objects.
class HttpIndexTest : public ::testing::Test {
protected:
    HttpIndexTest() {
        // Longer than the tail that is asked for, so that a whole answer shows.
        builder.add("demo/data.bin", std::string(200'000, 'x'), false, false);
        wheel = builder.bytes();
        page("<a href='" + wheel_url + "#sha256=" + sha256() + "'>x</a>");
        client->route(wheel_url, {.body = wheel});
    }

    std::string sha256() const { return Digest::of(as_bytes(wheel)).hex(); }
    void page(const std::string& html, std::vector<http::Header> headers = {}) {
        headers.push_back({"Content-Type", "text/html"});
        client->route(page_url, {.headers = std::move(headers), .body = html});
    }
    std::shared_ptr<const HttpIndex> open(const std::string& url = "https://index.example/simple/",
                                          HttpIndexOptions options = {}) {
        options.clock = std::make_shared<FixedClock>(now);
        return HttpIndex::create(client, url, cache, options).value();
    }
    DistFile file() { return open()->project(demo(), run).value().files.at(0); }
    std::size_t count(const std::string& url) const { return client->count(url); }

    test::WheelBuilder builder{"demo"};
    std::string wheel;
    std::string metadata = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: x\n";
    std::shared_ptr<http::MemoryHttpClient> client = std::make_shared<http::MemoryHttpClient>();
    test::TempFolder folder;
    std::shared_ptr<const Cache> cache = std::make_shared<Cache>(folder / "cache");
    UnixTime now = 1'000'000;
    RunContext run;
};

TEST_F(HttpIndexTest, JsonIsPreferredAndOnePageIsAskedForOnce) {
    const auto index = open();
    ASSERT_TRUE(index->project(demo(), run));
    ASSERT_TRUE(index->project(demo(), run));
    ASSERT_EQ(count(page_url), 1u);
    const auto headers = client->requests().at(0).headers;
    const std::string accept = *http::find_header(headers, "Accept");
    EXPECT_TRUE(accept.starts_with("application/vnd.pypi.simple.v1+json,"));
    EXPECT_EQ(*http::find_header(headers, "Accept-Encoding"), "gzip");
}

TEST_F(HttpIndexTest, OnlyAbsenceIsNotFound) {
    const struct {
        int status;
        ErrorCode code;
    } rows[] = {{404, ErrorCode::not_found},    {410, ErrorCode::not_found},
                {401, ErrorCode::unauthorized}, {403, ErrorCode::unauthorized},
                {500, ErrorCode::http_status},  {429, ErrorCode::http_status}};
    for (const auto& row : rows) {
        client->route(page_url, {.status = row.status});
        EXPECT_EQ(open()->project(demo(), run).error().code(), row.code) << row.status;
    }
    client->route(page_url, {.status = 403});
    const auto index = open("https://index.example/simple", {.absent_statuses = {403, 404}});
    EXPECT_EQ(index->project(demo(), run).error().code(), ErrorCode::not_found);
    client->route(page_url, {.headers = {{"Content-Type", "image/png"}}});
    EXPECT_EQ(open()->project(demo(), run).error().code(), ErrorCode::unsupported);
}

TEST_F(HttpIndexTest, FreshPageIsNotAskedForAgain) {
    page("<a href='demo-1.0.tar.gz'>", {{"Cache-Control", "public, max-age=600"}, {"Age", "100"}});
    ASSERT_TRUE(open()->project(demo(), run));
    now += 499;
    ASSERT_TRUE(open()->project(demo(), run));
    EXPECT_EQ(count(page_url), 1u);
    now += 1;
    ASSERT_TRUE(open()->project(demo(), run));
    EXPECT_EQ(count(page_url), 2u);
}

TEST_F(HttpIndexTest, StalePageIsAskedForWithItsValidators) {
    client->respond(page_url, [](const Recorded& request) {
        const auto* etag = http::find_header(request.headers, "If-None-Match");
        if (etag != nullptr && *etag == "\"v1\"") {
            return Answer{.status = 304, .headers = {{"Cache-Control", "max-age=60"}}};
        }
        return Answer{.headers = {{"ETag", "\"v1\""}, {"Content-Type", "text/html"}},
                      .body = "<a href='demo-1.0.tar.gz'>"};
    });
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(open()->project(demo(), run).value().files.size(), 1u);
    }
    EXPECT_EQ(count(page_url), 2u) << "the 304 made the page fresh";
}

TEST_F(HttpIndexTest, AbsenceIsKeptForThoseWhoAreOffline) {
    client->route(page_url, {.status = 404});
    EXPECT_EQ(open()->project(demo(), run).error().code(), ErrorCode::not_found);
    EXPECT_EQ(open()->project(demo(), run).error().code(), ErrorCode::not_found);
    EXPECT_EQ(count(page_url), 2u) << "online it is asked for again";
    const auto offline = open("https://index.example/simple/", {.offline = true});
    const auto absent = offline->project(demo(), run);
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().code(), ErrorCode::not_found);
    EXPECT_EQ(absent.error().http_status(), 404);
    EXPECT_EQ(count(page_url), 2u);
    // A page that appears is seen, and one that goes is forgotten.
    page("<a href='demo-1.0.tar.gz'>");
    EXPECT_TRUE(open()->project(demo(), run));
    client->route(page_url, {.status = 410});
    EXPECT_EQ(open()->project(demo(), run).error().code(), ErrorCode::not_found);
    EXPECT_EQ(open("https://index.example/simple/", {.offline = true})
                  ->project(demo(), run)
                  .error()
                  .http_status(),
              410);
}

TEST_F(HttpIndexTest, AbsenceIsFreshAsLongAsItsServerSays) {
    client->route(page_url, {.status = 404, .headers = {{"Cache-Control", "max-age=60"}}});
    EXPECT_FALSE(open()->project(demo(), run));
    EXPECT_FALSE(open()->project(demo(), run));
    EXPECT_EQ(count(page_url), 1u);
    now += 60;
    EXPECT_FALSE(open()->project(demo(), run));
    EXPECT_EQ(count(page_url), 2u);
}

TEST_F(HttpIndexTest, OnePageIsBothAProjectsAndFindLinks) {
    page("<a href='demo-1.0.tar.gz'>", {{"Cache-Control", "max-age=600"}});
    const auto links = [&] {
        return open(page_url, {.layout = HttpLayout::find_links})->project(demo(), run);
    };
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(open()->project(demo(), run).value().files.size(), 1u);
        EXPECT_EQ(links().value().files.size(), 1u) << "the cache holds what was made of the page";
    }
}

TEST_F(HttpIndexTest, PageThatMayNotBeStoredIsNot) {
    page("<a href='demo-1.0.tar.gz'>", {{"Cache-Control", "no-store, max-age=600"}});
    ASSERT_TRUE(open()->project(demo(), run));
    ASSERT_TRUE(open()->project(demo(), run));
    EXPECT_EQ(count(page_url), 2u);
}

TEST_F(HttpIndexTest, ACachedPageSaysWhatTheFreshOneSaid) {
    page(
        "<a href='demo-1.10.tar.gz' data-yanked='bad'>x</a>"
        "<a href='" +
            wheel_url + "#sha256=" + sha256() +
            "' data-requires-python='&gt;=3.9'>y</a>"
            "<a href='../../elsewhere/demo-0.9-py3-none-any.whl' data-requires-python='&lt;4'>z</a>"
            "<a href='demo-1.10-cp312-cp312-linux_x86_64.whl' data-core-metadata='true'>w</a>"
            "<a href='demo-1.9.0.zip'>v</a><a href='demo-none.tar.gz'>u</a>",
        {{"Cache-Control", "max-age=600"}});
    const Project fresh = open()->project(demo(), run).value();
    const Project cached = open()->project(demo(), run).value();
    EXPECT_EQ(count(page_url), 1u);
    ASSERT_EQ(fresh.files.size(), 5u);
    EXPECT_TRUE(std::ranges::equal(fresh.files, cached.files));
    EXPECT_TRUE(
        std::ranges::equal(fresh.files.releases().versions(), cached.files.releases().versions()));
    EXPECT_TRUE(std::ranges::equal(fresh.files.releases().ends(), cached.files.releases().ends()));
    EXPECT_TRUE(std::ranges::equal(fresh.files.releases().positions(),
                                   cached.files.releases().positions()));
}

TEST_F(HttpIndexTest, DamagedCacheEntriesAreFetchedAgain) {
    page("<a href='" + wheel_url + "#sha256=" + sha256() + "'>",
         {{"Cache-Control", "max-age=600"}});
    const auto path = open()->download(file(), run).value();
    ASSERT_TRUE(open()->metadata(file(), run));
    std::size_t damaged = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "cache")) {
        if (entry.is_regular_file()) {
            std::string bytes = test::slurp(entry.path());
            bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
            ASSERT_TRUE(write_file(entry.path(), bytes));
            ++damaged;
        }
    }
    EXPECT_EQ(damaged, 3u);
    const std::size_t before = client->requests().size();
    ASSERT_TRUE(open()->metadata(file(), run));
    EXPECT_EQ(open()->download(file(), run).value(), path);
    EXPECT_EQ(test::slurp(path), wheel);
    EXPECT_GT(client->requests().size(), before);
}

TEST_F(HttpIndexTest, AnnouncedMetadataIsVerified) {
    const auto with_hash = [&](const std::string& hex) {
        page("<a href='" + wheel_url + "' data-core-metadata='sha256=" + hex + "'>x</a>");
        return open()->metadata(file(), run);
    };
    client->route(wheel_url + ".metadata", {.body = metadata});
    const auto good = with_hash(Digest::of(as_bytes(metadata)).hex());
    ASSERT_TRUE(good) << good.error().render();
    EXPECT_EQ(good->requires_dist.size(), 1u);
    EXPECT_EQ(count(wheel_url), 0u);
    const auto bad = with_hash(std::string(64, '0'));
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().rule(), "index.metadata-digest");
}

TEST_F(HttpIndexTest, MetadataAboutAnotherProjectIsRefused) {
    page("<a href='" + wheel_url + "' data-core-metadata='true'>x</a>");
    client->route(wheel_url + ".metadata",
                  {.body = "Metadata-Version: 2.1\nName: other\nVersion: 1.0\n"});
    EXPECT_EQ(open()->metadata(file(), run).error().rule(), "wheel.metadata-name");
}

TEST_F(HttpIndexTest, RangesReadMetadataWithoutTheWheel) {
    client->route(wheel_url, {.body = wheel, .serves_ranges = true});
    const auto read = open()->metadata(file(), run);
    ASSERT_TRUE(read) << read.error().render();
    const auto* range = http::find_header(client->requests().back().headers, "Range");
    ASSERT_NE(range, nullptr);
    EXPECT_FALSE(
        std::filesystem::exists(cache->file_path(Digest::parse_hex(sha256()).value(), wheel_name)));
    const std::size_t before = client->requests().size();
    ASSERT_TRUE(open()->metadata(file(), run));
    EXPECT_EQ(client->requests().size(), before + 1) << "only the page: METADATA is in the cache";
}

TEST_F(HttpIndexTest, ServersWithoutRangesAreAskedForSidecarsOnce) {
    client->route(wheel_url + ".metadata", {.body = metadata});
    const auto index = open();
    DistFile unhashed = file();
    unhashed.sha256.reset();  // so that nothing comes from the cache
    ASSERT_EQ(index->metadata(unhashed, run).value().requires_dist.size(), 1u);
    ASSERT_EQ(index->metadata(unhashed, run).value().requires_dist.size(), 1u);
    EXPECT_EQ(count(wheel_url), 1u) << "ranges are tried once an origin";
    EXPECT_EQ(count(wheel_url + ".metadata"), 2u);
}

TEST_F(HttpIndexTest, WithoutRangesAndSidecarsTheWheelIsDownloaded) {
    const auto index = open();
    ASSERT_TRUE(index->metadata(file(), run));
    ASSERT_TRUE(index->download(file(), run));
    EXPECT_EQ(count(wheel_url), 2u) << "one try of a range, one download";
    EXPECT_EQ(count(wheel_url + ".metadata"), 1u);
}

TEST_F(HttpIndexTest, LyingRangesAreNotBelieved) {
    const char* lies[] = {"bytes 0-99/100", "bytes 5-4/10", "bytes */10", "nonsense", ""};
    for (const char* lie : lies) {
        client->respond(wheel_url, [&](const Recorded& request) {
            if (http::find_header(request.headers, "Range") == nullptr) {
                return Answer{.body = wheel};
            }
            return Answer{.status = 206,
                          .headers = {{"Content-Range", lie}},
                          .body = wheel.substr(wheel.size() - 1000)};
        });
        DistFile unhashed = file();
        unhashed.sha256.reset();
        EXPECT_TRUE(open()->metadata(unhashed, run)) << lie;
    }
}

/// CRC-32 (ISO 3309) in eight hexadecimal digits, bit by bit.
std::string crc_text(std::string_view text) {
    std::uint32_t crc = ~0U;
    for (const char c : text) {
        crc ^= static_cast<unsigned char>(c);
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xedb88320U : 0U);
        }
    }
    return fmt::format("{:08x}", ~crc);
}

std::filesystem::path only_file(const std::filesystem::path& below) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(below)) {
        if (entry.is_regular_file()) {
            return entry.path();
        }
    }
    return {};
}

TEST_F(HttpIndexTest, DamagedPageOfTheCacheIsFetchedAgain) {
    page("<a href='" + wheel_url + "#sha256=" + sha256() + "' data-requires-python='>=3.9'>x</a>",
         {{"Cache-Control", "max-age=600"}});
    const DistFile expected = file();
    EXPECT_EQ(file(), expected);
    EXPECT_EQ(count(page_url), 1u) << "a fresh page needs nobody";
    const auto path = only_file(folder / "cache" / "pages-v3");
    const std::string good = read_file(path, 1u << 20).value();
    std::size_t asked = 1;
    for (std::size_t size : {std::size_t{0}, std::size_t{7}, std::size_t{8}, good.size() - 1}) {
        ASSERT_TRUE(write_file(path, good.substr(0, size)));
        EXPECT_EQ(file(), expected) << size;
        EXPECT_EQ(count(page_url), ++asked);
    }
    std::string flipped = good;
    flipped.back() = static_cast<char>(flipped.back() ^ 1);
    ASSERT_TRUE(write_file(path, flipped));
    EXPECT_EQ(file(), expected);
    EXPECT_EQ(count(page_url), ++asked);
}

TEST_F(HttpIndexTest, ForgedPageOfTheCacheIsReadWithinItsBounds) {
    page("<a href='" + wheel_url + "#sha256=" + sha256() + "' data-requires-python='>=3.9'>x</a>",
         {{"Cache-Control", "max-age=600"}});
    ASSERT_TRUE(open()->project(demo(), run));
    const auto path = only_file(folder / "cache" / "pages-v3");
    const std::string good = read_file(path, 1u << 20).value();
    const auto try_body = [&](const std::string& text) {
        ASSERT_TRUE(write_file(path, crc_text(text) + text));
        const auto project = open()->project(demo(), run);
        ASSERT_TRUE(project);  // as it says, or fetched again
        for (const DistFile& one : project->files) {
            EXPECT_LE(one.filename.size() + one.url.size(), 2 * good.size());
        }
    };
    const std::string body = good.substr(8);
    for (std::size_t i = body.find('\n') + 1; i < body.size(); ++i) {
        try_body(body.substr(0, i));
        for (const int bits : {0x01, 0x80, 0xff}) {
            std::string changed = body;
            changed[i] = static_cast<char>(changed[i] ^ bits);
            try_body(changed);
        }
    }
}

TEST_F(HttpIndexTest, WrongBytesAreNeverPublished) {
    const struct {
        std::string body;
        std::optional<std::uint64_t> size;
    } rows[] = {{wheel.substr(0, wheel.size() - 1), std::nullopt},
                {wheel + "x", std::nullopt},
                {std::string(wheel.size(), 'x'), wheel.size()}};
    for (const auto& row : rows) {
        client->route(wheel_url, {.body = row.body});
        DistFile wanted = file();
        wanted.size = row.size;
        const auto path = open()->download(wanted, run);
        ASSERT_FALSE(path);
        EXPECT_EQ(path.error().code(), ErrorCode::digest_mismatch);
        EXPECT_FALSE(std::filesystem::exists(cache->file_path(*wanted.sha256, wheel_name)));
    }
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder / "cache" / "wheels-v1")) {
        EXPECT_FALSE(entry.is_regular_file()) << entry.path();
    }
}

TEST_F(HttpIndexTest, BrokenDownloadIsTriedFromItsStart) {
    client->respond(wheel_url, [this, tries = std::make_shared<int>(0)](const Recorded&) {
        return Answer{.body = wheel, .breaks_after = ++*tries < 3 ? 5000 : SIZE_MAX};
    });
    const auto path = open()->download(file(), run);
    ASSERT_TRUE(path) << path.error().render();
    EXPECT_EQ(test::slurp(*path), wheel);
}

TEST_F(HttpIndexTest, WheelIsDownloadedOnceForAll) {
    const auto path = open()->download(file(), run).value();
    EXPECT_EQ(path, cache->file_path(Digest::parse_hex(sha256()).value(), wheel_name));
    EXPECT_EQ(open()->download(file(), run).value(), path);
    EXPECT_EQ(count(wheel_url), 1u);
    DistFile unhashed = file();
    unhashed.sha256.reset();
    const auto index = open();
    EXPECT_EQ(index->download(unhashed, run).value(), path);
    EXPECT_EQ(index->download(unhashed, run).value(), path);
    EXPECT_EQ(count(wheel_url), 2u);
}

TEST_F(HttpIndexTest, FileNamesAndUrlsOfForeignLocksAreChecked) {
    DistFile bad = file();
    for (const char* name : {"../x.whl", "a/b.whl", "..", ""}) {
        bad.filename = name;
        EXPECT_EQ(open()->download(bad, run).error().code(), ErrorCode::invalid_argument) << name;
    }
    bad = file();
    bad.url = "file:///etc/hostname";
    EXPECT_EQ(open()->download(bad, run).error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(open()->metadata(bad, run).error().code(), ErrorCode::invalid_argument);
}

TEST_F(HttpIndexTest, CredentialsOfTheIndexStayOnItsOrigin) {
    const std::string own = "https://index.example/files/demo-1.1-py3-none-any.whl";
    page("<a href='" + wheel_url + "#sha256=" + sha256() + "'>x</a><a href='" + own + "'>y</a>");
    client->route(own, {.body = "bytes"});
    const auto index = open("https://me:canary@index.example/simple");
    const auto project = index->project(demo(), run).value();
    EXPECT_EQ(project.index_url, "https://index.example/simple/");
    for (const DistFile& one : project.files) {
        EXPECT_EQ(one.url.find("canary"), std::string::npos);
        ASSERT_TRUE(index->download(one, run));
    }
    const std::string basic = http::Credential{"me", "canary"}.authorization();
    std::size_t with = 0;
    for (const Recorded& request : client->requests()) {
        const auto* sent = http::find_header(request.headers, "Authorization");
        if (request.url.starts_with("https://index.example/")) {
            ++with;
            EXPECT_EQ(*sent, basic);
        } else {
            EXPECT_EQ(sent, nullptr);
        }
    }
    EXPECT_EQ(with, 2u);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder / "cache")) {
        if (entry.is_regular_file()) {
            EXPECT_EQ(test::slurp(entry.path()).find("canary"), std::string::npos);
        }
    }
}

TEST_F(HttpIndexTest, FindLinksPageServesEveryProjectOnIt) {
    const std::string links = "https://links.example/torch_stable.html";
    client->route(links, {.headers = {{"Content-Type", "text/html"}},
                          .body = "<a href='cu126/demo-1.0%2Bcu126-py3-none-any.whl'>x</a>"
                                  "<a href='other-1.0.tar.gz'>y</a>"});
    const auto index = open(links, {.layout = HttpLayout::find_links});
    const auto project = index->project(demo(), run).value();
    ASSERT_EQ(project.files.size(), 1u);
    EXPECT_EQ(project.files[0].url,
              "https://links.example/cu126/demo-1.0%2Bcu126-py3-none-any.whl");
    EXPECT_EQ(index->project(packaging::PackageName::parse("absent").value(), run).error().code(),
              ErrorCode::not_found);
    EXPECT_EQ(count(links), 1u);
}

TEST_F(HttpIndexTest, PagesAfterARedirectAreRelativeToTheirOwnUrl) {
    client->route(page_url, {.status = 301,
                             .headers = {{"Location", "https://mirror.example/simple/demo/"}}});
    client->route("https://mirror.example/simple/demo/",
                  {.headers = {{"Content-Type", "text/html"}}, .body = "<a href='demo-1.0.zip'>"});
    EXPECT_EQ(file().url, "https://mirror.example/simple/demo/demo-1.0.zip");
}

TEST(HttpIndex, UrlsThatAreNoIndexAreRefused) {
    const auto client = std::make_shared<http::MemoryHttpClient>();
    const auto cache = std::make_shared<Cache>("/nowhere");
    EXPECT_FALSE(HttpIndex::create(client, "file:///srv", cache));
    EXPECT_FALSE(HttpIndex::create(client, "index.example/simple", cache));
}

}  // namespace
}  // namespace envpack::index
