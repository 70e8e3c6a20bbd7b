#include "envpack/packaging/core_metadata.hpp"

#include "support/conformance.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

using Headers = MetadataHeaders;

TEST(MetadataHeaders, EndAtTheBlankLine) {
    const auto headers = parse_metadata_headers("Name: a\r\nversion :x\r\n");
    ASSERT_TRUE(headers);
    EXPECT_EQ(*headers, (Headers{{"Name", "a"}}));  // `version ` is no field name
    EXPECT_EQ(*parse_metadata_headers("A: 1\nB:2\n\nC: 3\n"), (Headers{{"A", "1"}, {"B", "2"}}));
    EXPECT_EQ(*parse_metadata_headers("\xEF\xBB\xBF"
                                      "A: 1"),
              (Headers{{"A", "1"}}));
    EXPECT_EQ(*parse_metadata_headers(""), Headers{});
    EXPECT_EQ(*parse_metadata_headers("\nA: 1\n"), Headers{});
    EXPECT_EQ(*parse_metadata_headers(" x\nA: 1\n: y\n z\nB: 2\n"),
              (Headers{{"A", "1"}, {"B", "2"}}));
    EXPECT_EQ(*parse_metadata_headers("A: 1\njust text\nB: 2\n"), (Headers{{"A", "1"}}));
}

TEST(MetadataHeaders, FoldedLinesBelongToTheFieldBefore) {
    EXPECT_EQ(*parse_metadata_headers("License: one\n        two\r\n\tthree\nB: x\n"),
              (Headers{{"License", "one\ntwo\nthree"}, {"B", "x"}}));
    EXPECT_EQ(*parse_metadata_headers("Summary:\n  text\n"), (Headers{{"Summary", "text"}}));
}

TEST(MetadataHeaders, AreFoundWhateverTheCase) {
    const Headers headers = {{"NAME", "a"}, {"Name", "b"}};
    EXPECT_EQ(*find_header(headers, "name"), "a");
    EXPECT_EQ(find_header(headers, "version"), nullptr);
}

TEST(CoreMetadata, ReadsTheFieldsOfAWheel) {
    const auto metadata = CoreMetadata::parse(
        "Metadata-Version: 2.4\nName: My_Pkg\nVersion: 1.0RC1\nSummary: does things\n"
        "License-Expression: MIT\nRequires-Python: >=3.8, <4\nDynamic: Requires-Dist\n"
        "Requires-Dist: numpy (>=1.20)\nRequires-Dist: rich>=10;\n  extra == \"cli\"\n"
        "Provides-Extra: CLI\nProvides-Extra: cli\n\nRequires-Dist: not-me\n");
    ASSERT_TRUE(metadata) << metadata.error().render();
    EXPECT_EQ(metadata->name.str(), "my-pkg");
    EXPECT_EQ(metadata->raw_name, "My_Pkg");
    EXPECT_EQ(metadata->version.to_string(), "1.0rc1");
    EXPECT_EQ(metadata->raw_version, "1.0RC1");
    EXPECT_EQ(metadata->metadata_version, "2.4");
    EXPECT_EQ(metadata->requires_python->to_string(), "<4,>=3.8");
    ASSERT_EQ(metadata->requires_dist.size(), 2u);
    EXPECT_EQ(metadata->requires_dist[0].to_string(), "numpy>=1.20");
    EXPECT_EQ(metadata->requires_dist[1].to_string(), "rich>=10; extra == \"cli\"");
    ASSERT_EQ(metadata->provides_extra.size(), 1u);
    EXPECT_EQ(metadata->provides_extra[0].str(), "cli");
    EXPECT_EQ(metadata->dynamic, std::vector<std::string>{"Requires-Dist"});
    EXPECT_EQ(metadata->license_expression, "MIT");
}

TEST(CoreMetadata, KeepsWhatItCannotParseAsText) {
    const auto metadata = CoreMetadata::parse(
        "Name: a\nVersion: 1\nRequires-Python: 12\nRequires-Dist: b (1.0)\nRequires-Dist: c\n");
    ASSERT_TRUE(metadata) << metadata.error().render();
    EXPECT_FALSE(metadata->requires_python);
    EXPECT_EQ(metadata->invalid_requires_python, "12");
    EXPECT_EQ(metadata->invalid_requires_dist, std::vector<std::string>{"b (1.0)"});
    EXPECT_EQ(metadata->requires_dist.size(), 1u);
}

TEST(CoreMetadata, NeedsAValidNameAndVersion) {
    for (const std::string_view text :
         {"", "Version: 1\n", "Name: a\n", "Name:\nVersion: 1\n", "Name: -a\nVersion: 1\n",
          "Name: a\nVersion: 1.1build1\n"}) {
        const auto metadata = CoreMetadata::parse(text);
        ASSERT_FALSE(metadata) << text;
        EXPECT_EQ(metadata.error().code(), ErrorCode::parse_error);
    }
    const Limits tight{.max_metadata = 8};
    EXPECT_EQ(CoreMetadata::parse("Name: a\nVersion: 1\n", tight).error().code(),
              ErrorCode::limit_exceeded);
}

TEST(CoreMetadataConformance, EveryInstalledDistributionIsRead) {
    if (const auto reason = support::conformance_missing(); !reason.empty()) {
        GTEST_SKIP() << reason;
    }
    const auto folder = support::conformance_folder() / "site_packages/Lib/site-packages";
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto file = entry.path() / "METADATA";
        if (!std::filesystem::exists(file)) {
            continue;
        }
        const auto text = read_file(file, Limits{}.max_metadata);
        ASSERT_TRUE(text) << text.error().render();
        const auto metadata = CoreMetadata::parse(*text);
        ASSERT_TRUE(metadata) << file << ": " << metadata.error().render();
        EXPECT_EQ(metadata->invalid_requires_dist, std::vector<std::string>{}) << file;
        ++count;
    }
    EXPECT_GE(count, 8u);
}

}  // namespace
}  // namespace envpack::packaging
