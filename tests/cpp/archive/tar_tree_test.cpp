#include "envpack/archive/tar_tree.hpp"

#include "archive_fixtures.hpp"
#include "support/temp_folder.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::archive {
namespace {

using test::LayerBuilder;
using test::RawBlock;

class TarTreeFile : public testing::Test {
protected:
    Result<std::shared_ptr<const TarTree>> opened(const std::string& bytes,
                                                  const Limits& limits = {}) {
        return TarTree::open(folder_.write("a.tar", bytes), folder_ / "scratch", limits);
    }
    static std::string text_of(const FileTree& tree, std::string_view path) {
        const auto text = test::all_of(tree.open(SafePath::parse(path).value()));
        return text ? *text : text.error().render();
    }
    test::TempFolder folder_;
};

TEST_F(TarTreeFile, LargeMembersAreSeekedOverAndReadWhereTheyLie) {
    LayerBuilder builder;
    std::vector<std::string> texts;
    for (const std::size_t size : {1u << 20, 5u, (1u << 20) + 1, (3u << 20) - 1, 0u}) {
        texts.emplace_back(size, static_cast<char>('a' + texts.size()));
        builder.file("f" + std::to_string(texts.size()), texts.back());
    }
    for (const bool packed : {false, true}) {
        const auto tree = opened(packed ? test::gzip(builder.bytes()) : builder.bytes());
        ASSERT_TRUE(tree.has_value()) << tree.error().render();
        for (std::size_t i = 0; i < texts.size(); ++i) {
            EXPECT_TRUE(text_of(**tree, "f" + std::to_string(i + 1)) == texts[i]) << i;
        }
    }
}

TEST_F(TarTreeFile, AnArchiveMayEndWithoutEndBlocks) {
    std::string bytes = LayerBuilder().file("large", std::string(2u << 20, 'x')).bytes();
    bytes.resize(bytes.size() - 1024);
    const auto tree = opened(bytes);
    ASSERT_TRUE(tree.has_value()) << tree.error().render();
    EXPECT_EQ(text_of(**tree, "large").size(), 2u << 20);
}

TEST_F(TarTreeFile, NothingOfACompressedArchiveStaysBehind) {
    const auto tree = opened(test::gzip(LayerBuilder().file("a", "1").bytes()));
    ASSERT_TRUE(tree.has_value());
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "scratch"));
    std::filesystem::remove_all(folder_ / "scratch");
    EXPECT_EQ(text_of(**tree, "a"), "1");
}

TEST_F(TarTreeFile, StreamsOutliveTheTree) {
    auto tree = opened(LayerBuilder().file("a", "1").bytes());
    auto source = (*tree)->open(SafePath::parse("a").value());
    tree->reset();
    EXPECT_EQ(*test::all_of(std::move(source)), "1");
}

TEST_F(TarTreeFile, HardLinksAreTheirTarget) {
    const auto tree = opened(LayerBuilder()
                                 .file("blobs/a", "text")
                                 .hard_link("./again", "./blobs/a")
                                 .hard_link("third", "again")
                                 .bytes());
    ASSERT_TRUE(tree.has_value()) << tree.error().render();
    EXPECT_EQ(text_of(**tree, "again"), "text");
    EXPECT_EQ(text_of(**tree, "third"), "text");
}

TEST_F(TarTreeFile, HostileArchivesAreRefused) {
    const std::string megabyte(1u << 20, 'x');
    const struct {
        std::string what;
        std::string bytes;
        std::string rule;
    } rows[] = {
        {"parent", LayerBuilder().file("../x", "").bytes(), "path.unsafe"},
        {"parent inside", LayerBuilder().file("a/../b", "").bytes(), "path.unsafe"},
        {"absolute", LayerBuilder().file("/etc/x", "").bytes(), "path.unsafe"},
        {"backslash", LayerBuilder().file("a\\b", "").bytes(), "path.unsafe"},
        {"twice", LayerBuilder().file("a", "1").file("a", "2").bytes(), "tar.duplicate-name"},
        {"twice, spelled otherwise", LayerBuilder().file("a", "1").file("./a", "1").bytes(),
         "tar.duplicate-name"},
        {"folder twice", LayerBuilder().directory("a").directory("a").bytes(),
         "tar.duplicate-name"},
        {"file, then folder", LayerBuilder().file("a", "1").directory("a").bytes(),
         "tar.duplicate-name"},
        {"folder, then file", LayerBuilder().file("a/b", "1").file("a", "2").bytes(),
         "tar.duplicate-name"},
        {"below a file", LayerBuilder().file("a", "1").file("a/b", "2").bytes(),
         "tar.duplicate-name"},
        {"below a link", LayerBuilder().link("a", "b").file("a/c", "2").bytes(),
         "tar.duplicate-name"},
        {"link to itself", LayerBuilder().hard_link("a", "a").bytes(), "tar.link-target"},
        {"link forward", LayerBuilder().hard_link("a", "b").file("b", "").bytes(),
         "tar.link-target"},
        {"link outside", LayerBuilder().hard_link("a", "../b").bytes(), "tar.link-target"},
        {"link to a folder", LayerBuilder().directory("b").hard_link("a", "b").bytes(),
         "tar.link-target"},
        {"cut in a large member", LayerBuilder().file("a", megabyte).bytes().substr(0, 600'000),
         "tar.truncated"},
        {"no member but gzip behind a large one",
         LayerBuilder().file("a", megabyte).bytes().substr(0, 512 + megabyte.size()) +
             test::gzip(LayerBuilder().file("b", "").bytes()),
         "tar.checksum"},
        {"compressed twice", test::gzip(test::gzip(LayerBuilder().file("a", "").bytes())),
         "tar.checksum"},
        {"size of an exabyte", LayerBuilder().block({.size = "77777777777"}).bytes(),
         "tar.truncated"},
        {"text", std::string(2000, 'x'), "tar.checksum"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(test::rule_of(opened(row.bytes)), row.rule) << row.what;
    }
}

TEST_F(TarTreeFile, IsBounded) {
    LayerBuilder builder;
    for (int i = 0; i < 20; ++i) {
        builder.file(std::to_string(i) + "/a/b/c", "");
    }
    EXPECT_EQ(test::rule_of(opened(builder.bytes(), {.max_entries = 50})),
              "archive.too-many-entries");
    EXPECT_EQ(test::rule_of(opened(test::gzip(builder.bytes()), {.max_total_size = 4096})),
              "archive.too-large");
    const auto absent = TarTree::open(folder_ / "absent.tar", folder_ / "scratch");
    EXPECT_EQ(absent.error().code(), ErrorCode::not_found);
    EXPECT_EQ(TarTree::open(folder_.path(), folder_ / "s").error().code(),
              ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace envpack::archive
