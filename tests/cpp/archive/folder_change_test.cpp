#include "envpack/archive/folder_change.hpp"

#include "envpack/base/digest.hpp"
#include "support/temp_folder.hpp"

#include <map>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::archive {
namespace {

namespace fs = std::filesystem;
using test::slurp;
using test::TempFolder;

SafePath path(std::string_view text) {
    return SafePath::parse(text).value();
}

PlannedEntry entry(std::string_view name, std::string text, std::uint32_t mode = 0644) {
    const Digest digest = Digest::of(as_bytes(text));
    return {.path = path(name),
            .mode = mode,
            .content = Content::of_text(std::move(text)),
            .sha256 = digest};
}

// Paths with the text, the target of a link, or "/" for a folder.
std::map<std::string, std::string> tree_of(const fs::path& root) {
    std::map<std::string, std::string> tree;
    for (const auto& item : fs::recursive_directory_iterator(root)) {
        const std::string name = item.path().lexically_relative(root).string();
        tree[name] = item.is_symlink()     ? "-> " + fs::read_symlink(item.path()).string()
                     : item.is_directory() ? "/"
                                           : slurp(item.path());
    }
    return tree;
}

class FolderChangeTest : public testing::Test {
protected:
    FolderChange begin(LinkMode mode = LinkMode::automatic) const {
        return FolderChange::begin(root_, mode).value();
    }
    TempFolder folder_;
    fs::path root_ = folder_ / "deep/root";
};

TEST_F(FolderChangeTest, NothingIsLeftOfWhatWasNotCommitted) {
    {
        FolderChange change = begin();
        EXPECT_TRUE(change.was_empty());
        const std::vector<PlannedEntry> entries{entry("a/b", "1"), entry("c", "2", 0755)};
        ASSERT_TRUE(change.put(entries));
        ASSERT_TRUE(change.put_folder(path("d/e"), std::vector{entry("d/e/f", "3")}));
        EXPECT_EQ(slurp(root_ / "d/e/f"), "3");
    }
    EXPECT_TRUE(tree_of(folder_.path()).empty());
}

TEST_F(FolderChangeTest, WhatWasCommittedStays) {
    {
        FolderChange change = begin();
        ASSERT_TRUE(change.put(std::vector{entry("a/b", "1"), entry("c", "2", 0755)}));
        ASSERT_TRUE(change.put_folder(path("d/e"), std::vector{entry("d/e/f/g", "3")}));
        change.commit();
    }
    const std::map<std::string, std::string> expected{{"a", "/"},      {"a/b", "1"}, {"c", "2"},
                                                      {"d", "/"},      {"d/e", "/"}, {"d/e/f", "/"},
                                                      {"d/e/f/g", "3"}};
    EXPECT_EQ(tree_of(root_), expected);
    EXPECT_FALSE(begin().was_empty());
}

TEST_F(FolderChangeTest, WhatWasTakenOutComesBack) {
    folder_.write("deep/root/keep/x/old", "old");
    folder_.write("deep/root/pkg-1.dist-info/RECORD", "r");
    fs::create_symlink("nowhere", root_ / "keep/link");
    const auto before = tree_of(root_);
    {
        FolderChange change = begin();
        const std::vector<SafePath> gone{path("keep/x/old"), path("keep/link"), path("absent")};
        ASSERT_TRUE(change.take_out(gone, std::vector{path("keep")}));
        ASSERT_TRUE(change.take_out_folder(path("pkg-1.dist-info")));
        ASSERT_TRUE(change.put(std::vector{entry("keep/x/old", "new")}));
        EXPECT_EQ(slurp(root_ / "keep/x/old"), "new");
        EXPECT_FALSE(fs::exists(root_ / "pkg-1.dist-info"));
    }
    EXPECT_EQ(tree_of(root_), before);
}

TEST_F(FolderChangeTest, AFileWithTheSameBytesIsSharedAndAnotherIsAConflict) {
    folder_.write("deep/root/same", "1");
    folder_.write("deep/root/other", "mine");
    {
        FolderChange change = begin();
        EXPECT_TRUE(change.put(std::vector{entry("same", "1")}));
        const auto conflict = change.put(std::vector{entry("other", "1")});
        ASSERT_FALSE(conflict);
        EXPECT_EQ(conflict.error().rule(), "install.path-conflict");
        const auto there = change.put_folder(path("d"), std::vector{entry("d/f", "3")});
        EXPECT_TRUE(there);
        const auto again = change.put_folder(path("d"), std::vector{entry("d/f", "3")});
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().rule(), "install.path-conflict");
    }
    const std::map<std::string, std::string> expected{{"other", "mine"}, {"same", "1"}};
    EXPECT_EQ(tree_of(root_), expected);
}

TEST_F(FolderChangeTest, NoLinkOnTheWayIsFollowed) {
    fs::create_directories(folder_ / "elsewhere");
    fs::create_directories(root_);
    fs::create_symlink(folder_ / "elsewhere", root_ / "out");
    folder_.write("elsewhere/precious", "p");
    FolderChange change = begin();
    const auto put = change.put(std::vector{entry("out/x", "1")});
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().rule(), "install.link");
    EXPECT_TRUE(change.take_out(std::vector{path("out/precious")}, {}));
    EXPECT_EQ(slurp(folder_ / "elsewhere/precious"), "p");
    EXPECT_FALSE(fs::exists(folder_ / "elsewhere/x"));
}

TEST_F(FolderChangeTest, FilesAreLinkedWhereTheirModeIsRight) {
    const fs::path source = folder_.write("source", "text");
    fs::permissions(source, fs::perms(0644));
    for (const auto& [mode, wanted, links] :
         {std::tuple(LinkMode::hardlink, 0644u, 2u), std::tuple(LinkMode::hardlink, 0755u, 1u),
          std::tuple(LinkMode::copy, 0644u, 1u)}) {
        FolderChange change = begin(mode);
        PlannedEntry file{.path = path("file"),
                          .mode = wanted,
                          .content = Content::of_file(source, 4),
                          .sha256 = Digest::of(as_bytes("text"))};
        ASSERT_TRUE(change.put(std::vector{file}));
        struct stat status {};
        ASSERT_EQ(::lstat((root_ / "file").c_str(), &status), 0);
        EXPECT_EQ(status.st_nlink, links);
        EXPECT_EQ(status.st_mode & 0777u, wanted);
    }
}

TEST_F(FolderChangeTest, KeptFilesAreLinkedAndCopiedAsTheyAre) {
    const fs::path source = folder_.write("source", "text");
    fs::permissions(source, fs::perms(0644));
    for (const auto& [mode, wanted, links] :
         {std::tuple(LinkMode::hardlink, 0644u, 2u), std::tuple(LinkMode::hardlink, 0755u, 1u),
          std::tuple(LinkMode::copy, 0644u, 1u), std::tuple(LinkMode::copy, 0755u, 1u)}) {
        FolderChange change = begin(mode);
        PlannedEntry file{.path = path("file"),
                          .mode = wanted,
                          .content = Content::of_kept_file(source.string(), 4, 0644),
                          .sha256 = Digest::of(as_bytes("text"))};
        ASSERT_TRUE(change.put(std::vector{file}));
        ASSERT_TRUE(change.put(std::vector{file})) << "the same may be there";
        struct stat status {};
        ASSERT_EQ(::lstat((root_ / "file").c_str(), &status), 0);
        EXPECT_EQ(status.st_nlink, links);
        EXPECT_EQ(status.st_mode & 0777u, wanted);
        EXPECT_EQ(slurp(root_ / "file"), "text");
    }
    FolderChange change = begin(LinkMode::copy);
    const auto shorter = change.put(std::vector{PlannedEntry{
        .path = path("file"), .content = Content::of_kept_file(source.string(), 5, 0644)}});
    ASSERT_FALSE(shorter);
    EXPECT_EQ(shorter.error().code(), ErrorCode::io_error);
}

TEST_F(FolderChangeTest, ContentUnlikeItsDigestIsRefused) {
    FolderChange change = begin();
    PlannedEntry file = entry("file", "text");
    file.sha256 = Digest::of(as_bytes("other"));
    const auto put = change.put(std::vector{file});
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().rule(), "record.hash-mismatch");
    EXPECT_FALSE(fs::exists(root_ / "file"));
}

TEST_F(FolderChangeTest, WhatKilledProcessesLeftIsRemoved) {
    folder_.write("deep/root/.envpack.abcdef/1", "left");
    folder_.write("deep/root/.envpackrc", "somebody's");
    EXPECT_FALSE(begin().was_empty());
    const std::map<std::string, std::string> expected{{".envpackrc", "somebody's"}};
    EXPECT_EQ(tree_of(root_), expected);
}

}  // namespace
}  // namespace envpack::archive
