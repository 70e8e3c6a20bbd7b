#include "envpack/index/chained_index.hpp"

#include "envpack/http/memory_http_client.hpp"
#include "envpack/index/http_index.hpp"
#include "envpack/index/memory_index.hpp"
#include "envpack/index/open_indexes.hpp"
#include "support/temp_folder.hpp"
#include "support/wheel_builder.hpp"

#include <gtest/gtest.h>

namespace envpack::index {
namespace {

packaging::PackageName name_of(std::string_view text) {
    return packaging::PackageName::parse(text).value();
}

std::shared_ptr<MemoryIndex> index_of(const std::string& url,
                                      std::vector<std::pair<const char*, const char*>> releases) {
    auto index = std::make_shared<MemoryIndex>(url);
    for (const auto& [name, version] : releases) {
        EXPECT_TRUE(index->add(name, version));
    }
    return index;
}

std::vector<std::string> filenames(const Result<Project>& project) {
    std::vector<std::string> names;
    if (!project) {
        return {std::string(to_string(project.error().code()))};
    }
    for (const DistFile& file : project->files) {
        names.push_back(file.filename.substr(0, file.filename.find("-py3")));
    }
    return names;
}

using Names = std::vector<std::string>;

TEST(ChainedIndex, FirstIndexThatKnowsTheNameOwnsIt) {
    const auto own = index_of("https://own.example", {{"secret", "1.0"}});
    const auto open = index_of("https://open.example", {{"secret", "9999"}, {"public", "1.0"}});
    const ChainedIndex chain({.indexes = {own, open}});
    const auto secret = chain.project(name_of("secret"), {});
    EXPECT_EQ(filenames(secret), Names{"secret-1.0"});
    EXPECT_EQ(secret->index_url, "https://own.example");
    EXPECT_EQ(filenames(chain.project(name_of("public"), {})), Names{"public-1.0"});
    EXPECT_EQ(filenames(chain.project(name_of("absent"), {})), Names{"not_found"});
}

TEST(ChainedIndex, ProjectWithoutFilesOwnsItsName) {
    const auto own = std::make_shared<MemoryIndex>("https://own.example");
    ASSERT_TRUE(own->add_project("secret"));
    const auto open = index_of("https://open.example", {{"secret", "9999"}});
    EXPECT_EQ(filenames(ChainedIndex({.indexes = {own, open}}).project(name_of("secret"), {})),
              Names{});
}

TEST(ChainedIndex, MergedTakesAllAsPipDoes) {
    const auto a = index_of("https://a.example", {{"demo", "1.0"}, {"demo", "2.0"}});
    const auto b = index_of("https://b.example", {{"demo", "2.0"}, {"demo", "3.0"}});
    const ChainedIndex chain({.indexes = {a, b}, .strategy = IndexStrategy::merged});
    EXPECT_EQ(filenames(chain.project(name_of("demo"), {})),
              (Names{"demo-1.0", "demo-2.0", "demo-3.0"}));
}

TEST(ChainedIndex, FindLinksAddFilesAndOwnNothing) {
    const auto links = index_of("https://links.example", {{"demo", "1.0"}, {"local", "1.0"}});
    const auto index = index_of("https://index.example", {{"demo", "1.0"}, {"demo", "2.0"}});
    const ChainedIndex chain({.indexes = {index}, .find_links = {links}});
    const auto demo = chain.project(name_of("demo"), {});
    EXPECT_EQ(filenames(demo), (Names{"demo-1.0", "demo-2.0"}));
    EXPECT_TRUE(demo->files[0].url.starts_with("https://links.example/"));
    EXPECT_EQ(demo->index_url, "https://index.example");
    EXPECT_EQ(filenames(chain.project(name_of("local"), {})), Names{"local-1.0"});
}

TEST(ChainedIndex, PinnedNameIsAskedForNowhereElse) {
    const auto cu = index_of("https://cu.example", {{"torch", "2.0+cu126"}});
    const auto all = index_of("https://index.example", {{"torch", "3.0"}, {"missing", "1.0"}});
    const ChainedIndex chain({.indexes = {all},
                              .find_links = {all},
                              .pinned = {{name_of("torch"), cu}, {name_of("missing"), cu}}});
    EXPECT_EQ(filenames(chain.project(name_of("torch"), {})), Names{"torch-2.0+cu126"});
    EXPECT_EQ(filenames(chain.project(name_of("missing"), {})), Names{"not_found"});
}

TEST(ChainedIndex, FilesOfAPinnedIndexAreItsOwn) {
    const test::TempFolder folder;
    const auto client = std::make_shared<http::MemoryHttpClient>();
    const auto guarded = [](http::MemoryHttpClient::Answer answer) {
        return [answer](const http::MemoryHttpClient::Recorded& request) {
            return http::find_header(request.headers, "Authorization") != nullptr
                       ? answer
                       : http::MemoryHttpClient::Answer{.status = 401};
        };
    };
    client->respond("https://own.example/demo/",
                    guarded({.headers = {{"Content-Type", "text/html"}},
                             .body = "<a href='demo-1.0-py3-none-any.whl'>"}));
    client->respond("https://own.example/demo/demo-1.0-py3-none-any.whl",
                    guarded({.body = "bytes"}));
    const auto cache = std::make_shared<Cache>(folder / "cache");
    const ChainedIndex chain(
        {.indexes = {open_index("https://index.example", {client, cache}).value()},
         .pinned = {{name_of("demo"),
                     open_index("https://me:secret@own.example", {client, cache}).value()}}});
    const auto file = chain.project(name_of("demo"), {}).value().files.at(0);
    EXPECT_TRUE(chain.download(file, {}));
}

TEST(IndexStrategy, IsSaidWithTheWordsOfUv) {
    for (const auto strategy : {IndexStrategy::first_index, IndexStrategy::merged}) {
        EXPECT_EQ(parse_index_strategy(to_string(strategy)).value(), strategy);
    }
    EXPECT_EQ(parse_index_strategy("first").error().code(), ErrorCode::invalid_argument);
}

TEST(ChainedIndex, FailureNeverFallsThrough) {
    for (const int status : {401, 403, 429, 500, 503}) {
        const test::TempFolder folder;
        const auto client = std::make_shared<http::MemoryHttpClient>();
        client->route("https://own.example/secret/", {.status = status});
        const auto own = HttpIndex::create(client, "https://own.example/",
                                           std::make_shared<Cache>(folder / "cache"))
                             .value();
        const auto open = index_of("https://open.example", {{"secret", "9999"}});
        const auto project = ChainedIndex({.indexes = {own, open}}).project(name_of("secret"), {});
        ASSERT_FALSE(project) << status;
        EXPECT_EQ(project.error().http_status(), status);
    }
}

/// A page of files that counts how many of them somebody looked at.
class CountingIndex final : public PackageIndex {
public:
    Result<Project> project(const packaging::PackageName& name, const RunContext&) const override {
        return Project{.name = name,
                       .files = DistFiles(
                           1000, [](std::size_t) { return "demo-1.0-py3-none-any.whl"; },
                           [this](std::size_t) {
                               ++made;
                               return DistFile{.filename = "demo-1.0-py3-none-any.whl",
                                               .url = "https://a.example/demo.whl"};
                           })};
    }
    Result<packaging::CoreMetadata> metadata(const DistFile&, const RunContext&) const override {
        return fail(ErrorCode::unsupported, "counted");
    }
    Result<std::filesystem::path> download(const DistFile&, const RunContext&) const override {
        return fail(ErrorCode::unsupported, "counted");
    }
    mutable int made = 0;
};

// Thousands of files a page: making each of them once took ten times as long as the solve.
TEST(ChainedIndex, LooksAtNoFileItself) {
    const auto counting = std::make_shared<CountingIndex>();
    const ChainedIndex chain({.indexes = {counting, index_of("https://b.example", {})}});
    const auto project = chain.project(name_of("demo"), {});
    ASSERT_EQ(project.value().files.size(), 1000U);
    EXPECT_EQ(counting->made, 0);
    const auto told = chain.metadata(project->files.at(7), {});
    EXPECT_EQ(told.error().message(), "counted");  // its owner, not the first that takes the URL
    EXPECT_EQ(counting->made, 1);
}

TEST(ChainedIndex, FilesGoBackToTheIndexThatListedThem) {
    const test::TempFolder folder;
    const test::WheelBuilder builder("local");
    builder.write(folder.path());
    const auto client = std::make_shared<http::MemoryHttpClient>();
    client->route("https://index.example/demo/",
                  {.headers = {{"Content-Type", "text/html"}}, .body = "<a href='demo-1.0.zip'>"});
    client->route("https://index.example/demo/demo-1.0.zip", {.body = "bytes"});
    const auto cache = std::make_shared<Cache>(folder / "cache");
    const ChainedIndex chain(
        {.indexes = {open_index("https://index.example", {client, cache}).value()},
         .find_links = {open_find_links(folder.path().string(), {client, cache}).value()}});
    const auto local = chain.project(name_of("local"), {}).value().files.at(0);
    const auto demo = chain.project(name_of("demo"), {}).value().files.at(0);
    EXPECT_TRUE(chain.metadata(local, {}));
    EXPECT_EQ(chain.download(local, {}).value(), folder / builder.filename());
    EXPECT_TRUE(chain.download(demo, {}));
    // From a lock: nobody listed these here.
    const ChainedIndex fresh(
        {.indexes = {open_index("https://index.example", {client, cache}).value(),
                     open_index(folder.path().string(), {client, cache}).value()}});
    EXPECT_TRUE(fresh.download(local, {}));
    EXPECT_TRUE(fresh.download(demo, {}));
    EXPECT_EQ(ChainedIndex({}).download(demo, {}).error().code(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace envpack::index
