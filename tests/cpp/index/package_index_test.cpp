// The contract of PackageIndex, for every implementation, over the same wheels.

#include "envpack/index/package_index.hpp"

#include "envpack/base/file.hpp"
#include "envpack/http/memory_http_client.hpp"
#include "envpack/index/cache.hpp"
#include "envpack/index/chained_index.hpp"
#include "envpack/index/folder_index.hpp"
#include "envpack/index/http_index.hpp"
#include "envpack/index/memory_index.hpp"
#include "envpack/index/simple_page.hpp"
#include "support/conformance.hpp"
#include "support/temp_folder.hpp"
#include "support/wheel_builder.hpp"

#include <memory>

#include <gtest/gtest.h>

namespace envpack::index {
namespace {

using IndexPtr = std::shared_ptr<const PackageIndex>;
using Files = std::vector<std::pair<std::string, std::string>>;  // name, bytes

packaging::PackageName name_of(std::string_view text) {
    return packaging::PackageName::parse(text).value();
}

/// demo 1.0 and 2.0 (which depends on other), an sdist, other 1.0.
Files files() {
    const auto wheel = [](const char* name, const char* version, const char* lines) {
        test::WheelBuilder builder(name, version);
        builder.add(builder.dist_info("METADATA"), std::string("Metadata-Version: 2.1\nName: ") +
                                                       name + "\nVersion: " + version + "\n" +
                                                       lines);
        return std::pair(builder.filename(), builder.bytes());
    };
    return {wheel("demo", "1.0", ""), wheel("demo", "2.0", "Requires-Dist: other>=1\n"),
            std::pair("demo-2.0.tar.gz", "not read"), wheel("other", "1.0", "")};
}

IndexPtr memory_index(const test::TempFolder& folder) {
    auto index = std::make_shared<MemoryIndex>();
    for (const auto& [name, bytes] : files()) {
        EXPECT_TRUE(index->add_file(name, bytes, folder / "memory"));
    }
    return index;
}

IndexPtr links_folder(const test::TempFolder& folder) {
    for (const auto& [name, bytes] : files()) {
        folder.write("links/" + name, bytes);
    }
    folder.write("links/README.txt", "not a distribution");
    return FolderIndex::find_links(folder / "links").value();
}

IndexPtr root_folder(const test::TempFolder& folder) {
    std::map<std::string, std::string> pages;
    for (const auto& [name, bytes] : files()) {
        const std::string project = name.substr(0, name.find('-'));
        folder.write("root/in dex/" + name, bytes);
        pages[project] += "<a href='../in dex/" + name +
                          "#sha256=" + Digest::of(as_bytes(bytes)).hex() + "'>x</a>";
    }
    for (const auto& [project, page] : pages) {
        folder.write("root/" + project + "/index.html", page);
    }
    return FolderIndex::simple_root(folder / "root").value();
}

IndexPtr http_index(const test::TempFolder& folder, bool json, bool ranges) {
    auto client = std::make_shared<http::MemoryHttpClient>();
    std::map<std::string, std::string> pages;
    for (const auto& [name, bytes] : files()) {
        const std::string project = name.substr(0, name.find('-'));
        const std::string url = "https://files.example/" + name;
        const std::string hex = Digest::of(as_bytes(bytes)).hex();
        client->route(url, {.body = bytes, .serves_ranges = ranges});
        pages[project] += json ? R"(,{"filename":")" + name + R"(","url":")" + url +
                                     R"(","hashes":{"sha256":")" + hex + R"("}})"
                               : "<a href='" + url + "#sha256=" + hex + "'>x</a>";
    }
    for (const auto& [project, page] : pages) {
        const std::string body = json ? R"({"meta":{"api-version":"1.0"},"name":")" + project +
                                            R"(","files":[)" + page.substr(1) + "]}"
                                      : page;
        client->route("https://index.example/simple/" + project + "/",
                      {.headers = {{"Content-Type", json ? "application/vnd.pypi.simple.v1+json"
                                                         : "text/html; charset=utf-8"}},
                       .body = body});
    }
    return HttpIndex::create(client, "https://index.example/simple",
                             std::make_shared<Cache>(folder / "cache"))
        .value();
}

IndexPtr chained_index(const test::TempFolder& folder) {
    return std::make_shared<ChainedIndex>(ChainedIndex::Options{.indexes = {memory_index(folder)}});
}

struct Maker {
    const char* name;
    IndexPtr (*make)(const test::TempFolder&);
};
const Maker makers[] = {
    {"Memory", memory_index},
    {"FindLinks", links_folder},
    {"LocalRoot", root_folder},
    {"HttpHtml", [](const test::TempFolder& folder) { return http_index(folder, false, true); }},
    {"HttpJson", [](const test::TempFolder& folder) { return http_index(folder, true, true); }},
    {"HttpWhole", [](const test::TempFolder& folder) { return http_index(folder, true, false); }},
    {"Chained", chained_index}};

class PackageIndexContract : public ::testing::TestWithParam<Maker> {
protected:
    test::TempFolder folder;
    IndexPtr index = GetParam().make(folder);
    RunContext run;
};

INSTANTIATE_TEST_SUITE_P(Every, PackageIndexContract, ::testing::ValuesIn(makers),
                         [](const auto& row) { return row.param.name; });

TEST_P(PackageIndexContract, ProjectListsItsOwnFiles) {
    const auto project = index->project(name_of("Demo"), run);
    ASSERT_TRUE(project) << project.error().render();
    EXPECT_EQ(project->name, name_of("demo"));
    EXPECT_FALSE(project->index_url.empty());
    std::vector<std::string> names;
    for (const DistFile& file : project->files) {
        names.push_back(file.filename);
    }
    std::sort(names.begin(), names.end());
    EXPECT_EQ(names, (std::vector<std::string>{"demo-1.0-py3-none-any.whl",
                                               "demo-2.0-py3-none-any.whl", "demo-2.0.tar.gz"}));
}

TEST_P(PackageIndexContract, UnknownNameIsNotFound) {
    EXPECT_EQ(index->project(name_of("absent"), run).error().code(), ErrorCode::not_found);
}

TEST_P(PackageIndexContract, MetadataOfAWheelIsRead) {
    const auto project = index->project(name_of("demo"), run).value();
    for (const DistFile& file : project.files) {
        if (file.filename == "demo-2.0-py3-none-any.whl") {
            const auto metadata = index->metadata(file, run);
            ASSERT_TRUE(metadata) << metadata.error().render();
            EXPECT_EQ(metadata->name, name_of("demo"));
            EXPECT_EQ(metadata->version.to_string(), "2.0");
            ASSERT_EQ(metadata->requires_dist.size(), 1u);
            EXPECT_EQ(metadata->requires_dist[0].to_string(), "other>=1");
        }
        if (file.filename.ends_with(".tar.gz")) {
            EXPECT_EQ(index->metadata(file, run).error().code(), ErrorCode::unsupported);
        }
    }
}

TEST_P(PackageIndexContract, DownloadGivesTheBytes) {
    const auto project = index->project(name_of("demo"), run).value();
    for (const DistFile& file : project.files) {
        const auto path = index->download(file, run);
        ASSERT_TRUE(path) << path.error().render();
        EXPECT_EQ(path->filename(), file.filename);
        for (const auto& [name, bytes] : files()) {
            if (name == file.filename) {
                EXPECT_EQ(read_file(*path, 1u << 20).value(), bytes);
            }
        }
    }
}

TEST_P(PackageIndexContract, DownloadChecksTheDigest) {
    auto file = index->project(name_of("other"), run).value().files.at(0);
    file.sha256 = Digest::of(as_bytes("something else"));
    const auto path = index->download(file, run);
    ASSERT_FALSE(path);
    EXPECT_EQ(path.error().code(), ErrorCode::digest_mismatch);
    EXPECT_NE(path.error().render().find(file.filename), std::string::npos);
}

TEST_P(PackageIndexContract, StoppedRunIsCancelled) {
    const auto file = index->project(name_of("other"), run).value().files.at(0);
    std::stop_source stop;
    stop.request_stop();
    const RunContext stopped{.stop = stop.get_token()};
    EXPECT_EQ(index->download(file, stopped).error().code(), ErrorCode::cancelled);
}

TEST(FolderIndex, MetadataOfRealWheelsIsRead) {
    if (const auto missing = support::conformance_missing(); !missing.empty()) {
        GTEST_SKIP() << missing;
    }
    const auto index = FolderIndex::find_links(support::conformance_folder() / "wheels").value();
    support::ConformanceReport report("wheels/expected.json");
    for (const json::Value& row : support::conformance_cases("wheels/expected.json")) {
        const std::string& filename = *row.find("file")->as_string();
        const auto* wanted = row.find("metadata");
        if (!filename.ends_with(".whl") || wanted == nullptr || wanted->as_object() == nullptr) {
            continue;
        }
        const auto name = name_of(*row.find("name")->as_string());
        std::optional<packaging::CoreMetadata> metadata;
        const Project project = index->project(name, {}).value();
        for (const DistFile& file : project.files) {
            if (file.filename == filename) {
                if (auto read = index->metadata(file, {})) {
                    metadata = *std::move(read);
                }
            }
        }
        // A wheel that must not be installed may still be one whose METADATA can be read.
        const bool refused = *row.find("verdict")->as_string() == "reject" && !metadata;
        const auto* version = wanted->find("version")->as_string();
        report.expect(
            refused || (metadata && metadata->name == name && metadata->raw_version == *version),
            row);
    }
}

TEST(FolderIndex, MissingPlacesAreErrors) {
    const test::TempFolder folder;
    EXPECT_EQ(FolderIndex::find_links(folder / "absent").error().code(), ErrorCode::not_found);
    EXPECT_FALSE(FolderIndex::simple_root(folder / "absent"));
}

TEST(MemoryIndex, WheelsThatAreNoneAreRefused) {
    test::WheelBuilder other("other");
    const struct {
        std::string bytes;
        const char* rule;
    } rows[] = {{"", "zip.structure"},
                {"PK", "zip.structure"},
                {std::string(100'000, 'P'), "zip.structure"},
                {test::WheelBuilder::zip({}), "wheel.dist-info"},
                {test::WheelBuilder::zip({{"demo-1.0.dist-info/METADATA", "Name: demo\nVersion: 1"},
                                          {"demo-1.0.dist-info/METADATA", "Name: demo"}}),
                 "wheel.dist-info"},
                {other.bytes(), "wheel.metadata-name"}};
    const auto read = [](const std::string& bytes) -> Result<packaging::CoreMetadata> {
        MemoryIndex index;
        ENVPACK_CHECK(index.add_file("demo-1.0-py3-none-any.whl", bytes, {}));
        return index.metadata(index.project(name_of("demo"), {}).value().files.at(0), {});
    };
    for (const auto& row : rows) {
        const auto metadata = read(row.bytes);
        ASSERT_FALSE(metadata) << row.rule;
        EXPECT_EQ(metadata.error().rule(), row.rule);
    }
    // A good wheel, damaged anywhere in its METADATA, its headers or its directory: an error or
    // the right answer, never another one.
    const std::string good = test::WheelBuilder("demo").bytes();
    const auto right = read(good).value();
    for (std::size_t at = 0; at < good.size(); ++at) {
        std::string damaged = good;
        damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
        const auto metadata = read(damaged);
        EXPECT_TRUE(!metadata || *metadata == right) << at;
    }
}

}  // namespace
}  // namespace envpack::index
