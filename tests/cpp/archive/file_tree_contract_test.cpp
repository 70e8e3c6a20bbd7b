#include "archive_fixtures.hpp"
#include "envpack/archive/disk_tree.hpp"
#include "envpack/archive/file_tree.hpp"
#include "envpack/archive/memory_tree.hpp"
#include "envpack/archive/planned_tree.hpp"
#include "envpack/archive/recorded_tree.hpp"
#include "envpack/archive/stacked_tree.hpp"
#include "envpack/archive/tar_tree.hpp"
#include "support/temp_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::archive {
namespace {

struct Item {
    std::string path;
    FileType type;
    std::string text;  ///< content, or link target
    std::uint32_t mode;
};

const std::vector<Item> items = {
    {"bin", FileType::symlink, "usr/bin", 0777},
    {"dangling", FileType::symlink, "nowhere/at/all", 0777},
    {"empty", FileType::directory, "", 0700},
    {"escape", FileType::symlink, "../../../usr/bin/tool", 0777},
    {"loop-a", FileType::symlink, "loop-b", 0777},
    {"loop-b", FileType::symlink, "loop-a", 0777},
    {"self", FileType::symlink, ".", 0777},
    {"through-file", FileType::symlink, "usr/bin/tool/../tool", 0777},
    {"usr", FileType::directory, "", 0755},
    {"usr/a b", FileType::regular, "a space", 0600},
    {"usr/bin", FileType::directory, "", 0755},
    {"usr/bin/absolute", FileType::symlink, "/usr/share/doc", 0777},
    {"usr/bin/relative", FileType::symlink, "../share//./doc/", 0777},
    {"usr/bin/tool", FileType::regular, "#!/bin/sh\n", 0755},
    {"usr/bin-x", FileType::regular, "sorts before usr/bin/", 0644},
    {"usr/share", FileType::directory, "", 0755},
    {"usr/share/doc", FileType::directory, "", 0755},
    {"usr/share/doc/na\xc3\xafve", FileType::regular, "UTF-8", 0644},
    {"usr/zero", FileType::regular, "", 0644},
};

/// The same files as each kind of tree; how they got there is what the makers know.
class DiskMaker {
public:
    std::unique_ptr<const FileTree> make() {
        for (const Item& item : items) {
            const std::filesystem::path path = folder_ / item.path;
            if (item.type == FileType::directory) {
                std::filesystem::create_directory(path);
            } else if (item.type == FileType::symlink) {
                std::filesystem::create_symlink(item.text, path);
                continue;
            } else {
                folder_.write(item.path, item.text);
            }
            std::filesystem::permissions(path, static_cast<std::filesystem::perms>(item.mode));
        }
        return std::make_unique<DiskTree>(folder_.path());
    }

private:
    test::TempFolder folder_;
};

class DiskWithoutOpenat2Maker : public DiskMaker {
public:
    std::unique_ptr<const FileTree> make() {
        auto tree = DiskMaker::make();
        return std::make_unique<DiskTree>(static_cast<const DiskTree&>(*tree).root(),
                                          DiskTree::Walk::by_segments);
    }
};

class MemoryMaker {
public:
    std::unique_ptr<const FileTree> make() {
        auto tree = std::make_unique<MemoryTree>();
        for (const Item& item : items) {
            if (item.type == FileType::symlink) {
                tree->add_symlink(item.path, item.text);
            } else if (item.type == FileType::directory) {
                tree->add_directory(item.path, item.mode);
            } else {
                tree->add_file(item.path, item.text, item.mode);
            }
        }
        return tree;
    }
};

/// Folders and every other file lie below, some with another content; the rest is planned.
class PlannedMaker {
public:
    std::unique_ptr<const FileTree> make() {
        auto below = std::make_shared<MemoryTree>();
        std::vector<PlannedEntry> entries;
        for (std::size_t i = 0; i < items.size(); ++i) {
            const Item& item = items[i];
            const auto path = SafePath::normalize(item.path).value();
            if (item.type == FileType::directory && i % 4 == 0) {
                below->add_directory(item.path, item.mode);
            } else if (item.type == FileType::symlink && i % 2 == 0) {
                below->add_symlink(item.path, item.text);
            } else if (item.type == FileType::regular && i % 3 == 0) {
                below->add_file(item.path, item.text, item.mode);
            } else {
                if (item.type == FileType::regular && i % 3 == 1) {
                    below->add_file(item.path, "hidden below", item.mode);
                }
                const bool is_file = item.type == FileType::regular;
                entries.push_back({.path = path,
                                   .type = item.type,
                                   .mode = item.mode,
                                   .content = is_file ? Content::of_text(item.text) : Content(),
                                   .link_target = item.type == FileType::symlink ? item.text : ""});
            }
        }
        auto tree = std::make_unique<PlannedTree>(std::move(below));
        tree->add(entries);
        return tree;
    }
};

/// Two layers; what is captured and what is streamed again alternate.
class StackedMaker {
public:
    std::unique_ptr<const FileTree> make() {
        std::vector<test::LayerBuilder> builders(2);
        builders[0].file("usr/gone", "hidden below").file("usr/bin/tool", "an older one");
        builders[1].whiteout("usr", "gone");
        for (const Item& item : items) {
            test::LayerBuilder& builder = builders[item.path.size() % 2];
            if (item.type == FileType::symlink) {
                builder.link(item.path, item.text);
            } else if (item.type == FileType::directory) {
                builder.directory(item.path, static_cast<int>(item.mode));
            } else {
                builders[1].file(item.path, item.text, static_cast<int>(item.mode));
            }
        }
        std::vector<std::shared_ptr<const LayerListing>> listings;
        auto blobs = std::make_shared<std::vector<std::string>>();
        for (const test::LayerBuilder& builder : builders) {
            blobs->push_back(test::gzip(builder.bytes(), 700));
            auto listing = list_layer(
                test::source_of(blobs->back()),
                [](const SafePath& path, const FileInfo&) { return path.str().size() % 3 == 0; },
                {}, {});
            EXPECT_TRUE(listing.has_value()) << listing.error().render();
            listings.push_back(std::make_shared<const LayerListing>(*std::move(listing)));
        }
        auto tree = StackedTree::make(
            std::move(listings), [blobs](std::size_t layer) -> Result<std::unique_ptr<ByteSource>> {
                return test::source_of(blobs->at(layer));
            });
        EXPECT_TRUE(tree.has_value()) << tree.error().render();
        // Whoever holds the tree as a FileTree need not know that it is const inside.
        return std::unique_ptr<const FileTree>(std::move(*tree));
    }
};

/// Some folders are only implied by what lies in them, where their mode allows it.
class TarMaker {
public:
    explicit TarMaker(bool packed = false) : packed_(packed) {}
    std::unique_ptr<const FileTree> make() {
        test::LayerBuilder builder;
        for (const Item& item : items) {
            if (item.type == FileType::symlink) {
                builder.link(item.path, item.text);
            } else if (item.type == FileType::regular) {
                builder.file("./" + item.path, item.text, static_cast<int>(item.mode));
            } else if (item.mode != 0755 || item.path.size() % 2 == 0) {
                builder.directory(item.path, static_cast<int>(item.mode));
            }
        }
        const auto tree = TarTree::open(
            folder_.write("a.tar", packed_ ? test::gzip(builder.bytes(), 700) : builder.bytes()),
            folder_ / "scratch");
        EXPECT_TRUE(tree.has_value()) << tree.error().render();
        return std::make_unique<Shared>(*tree);
    }

private:
    struct Shared final : FileTree {
        explicit Shared(std::shared_ptr<const TarTree> t) : tree(std::move(t)) {}
        Result<std::optional<FileInfo>> lookup(const SafePath& path) const override {
            return tree->lookup(path);
        }
        Result<std::vector<std::string>> list(const SafePath& path) const override {
            return tree->list(path);
        }
        Result<std::unique_ptr<ByteSource>> open(const SafePath& path) const override {
            return tree->open(path);
        }
        std::shared_ptr<const TarTree> tree;
    };
    test::TempFolder folder_;
    bool packed_;
};

class GzipTarMaker : public TarMaker {
public:
    GzipTarMaker() : TarMaker(true) {}
};

SafePath path_of(std::string_view text) {
    return text.empty() ? SafePath() : SafePath::normalize(text).value();
}

template <class Maker>
class FileTreeContract : public testing::Test {
protected:
    Maker maker_;
    std::unique_ptr<const FileTree> tree_ = maker_.make();
};

/// The record of another tree: the bytes of some files are in it, others are asked for there.
class RecordedMaker {
public:
    std::unique_ptr<const FileTree> make() {
        std::shared_ptr<const FileTree> tree = MemoryMaker().make();
        auto record = record_of_tree(
            *tree, [](const SafePath& path, const FileInfo&) { return path.str().size() % 2 == 0; },
            {});
        EXPECT_TRUE(record.has_value()) << record.error().render();
        return RecordedTree::make(SharedText(*std::move(record)),
                                  [tree]() -> Result<RecordedTree::TreePtr> { return tree; });
    }
};

using Makers = testing::Types<DiskMaker, RecordedMaker, DiskWithoutOpenat2Maker, MemoryMaker,
                              PlannedMaker, StackedMaker, TarMaker, GzipTarMaker>;
TYPED_TEST_SUITE(FileTreeContract, Makers);

TEST(RecordedTree, IsReadWithinItsBoundsWhateverTheRecordSays) {
    const std::shared_ptr<const FileTree> tree = MemoryMaker().make();
    const auto all = [](const SafePath&, const FileInfo&) { return true; };
    const std::string record = record_of_tree(*tree, all, {}).value();
    const auto read = [tree]() -> Result<RecordedTree::TreePtr> { return tree; };
    for (std::size_t i = 0; i < record.size(); ++i) {
        for (const std::string& damaged :
             {record.substr(0, i),
              record.substr(0, i) + static_cast<char>(~record[i]) + record.substr(i + 1)}) {
            const auto recorded = RecordedTree::make(SharedText(damaged), read);
            if (recorded == nullptr) {
                continue;
            }
            static_cast<void>(recorded->list({}));
            for (const Item& item : items) {
                const auto path = SafePath::normalize(item.path).value();
                static_cast<void>(recorded->lookup(path));
                static_cast<void>(recorded->list(path));
                static_cast<void>(recorded->open(path));
            }
        }
    }
}

TYPED_TEST(FileTreeContract, LookupTellsTypeSizeModeAndTarget) {
    for (const Item& item : items) {
        const auto info = this->tree_->lookup(path_of(item.path));
        ASSERT_TRUE(info.has_value()) << info.error().render();
        ASSERT_TRUE(info->has_value()) << item.path;
        EXPECT_EQ((*info)->type, item.type) << item.path;
        EXPECT_EQ((*info)->size, item.type == FileType::regular ? item.text.size() : 0)
            << item.path;
        EXPECT_EQ((*info)->link_target, item.type == FileType::symlink ? item.text : "");
        EXPECT_EQ((*info)->mode, item.mode) << item.path;
    }
}

TYPED_TEST(FileTreeContract, RootIsADirectory) {
    const auto info = this->tree_->lookup(SafePath());
    ASSERT_TRUE(info.has_value() && info->has_value());
    EXPECT_EQ((*info)->type, FileType::directory);
}

TYPED_TEST(FileTreeContract, WhatIsNotThereIsNotThere) {
    // Neither behind a file nor behind a link, and not with other bytes.
    for (const char* const path : {"usr/none", "none/none", "usr/bin/tool/x", "bin/tool",
                                   "self/usr", "usr/gone", "USR", "usr/a"}) {
        const auto info = this->tree_->lookup(path_of(path));
        ASSERT_TRUE(info.has_value()) << info.error().render();
        EXPECT_FALSE(info->has_value()) << path;
    }
}

TYPED_TEST(FileTreeContract, ListIsSortedAndOneLevelDeep) {
    for (const char* const folder : {"", "usr", "usr/bin", "usr/share", "empty"}) {
        std::vector<std::string> expected;
        for (const Item& item : items) {
            if (path_of(item.path).parent() == path_of(folder)) {
                expected.emplace_back(path_of(item.path).name());
            }
        }
        std::sort(expected.begin(), expected.end());
        const auto names = this->tree_->list(path_of(folder));
        ASSERT_TRUE(names.has_value()) << names.error().render();
        EXPECT_EQ(*names, expected) << folder;
    }
}

TYPED_TEST(FileTreeContract, ListOfNoDirectoryIsNotFound) {
    for (const char* const path : {"usr/bin/tool", "none", "bin", "self", "usr/bin/absolute"}) {
        const auto names = this->tree_->list(path_of(path));
        ASSERT_FALSE(names.has_value()) << path;
        EXPECT_EQ(names.error().code(), ErrorCode::not_found) << path;
    }
}

TYPED_TEST(FileTreeContract, OpenGivesTheBytesAgainAndAgain) {
    for (int round = 0; round < 2; ++round) {
        for (const Item& item : items) {
            if (item.type == FileType::regular) {
                EXPECT_EQ(test::all_of(this->tree_->open(path_of(item.path))).value_or("<error>"),
                          item.text)
                    << item.path;
            }
        }
    }
}

TYPED_TEST(FileTreeContract, OpenOfNoRegularFileIsNotFound) {
    for (const char* const path : {"", "usr", "none", "bin", "escape", "dangling", "bin/tool"}) {
        const auto source = this->tree_->open(path_of(path));
        ASSERT_FALSE(source.has_value()) << path;
        EXPECT_EQ(source.error().code(), ErrorCode::not_found) << path;
    }
}

TYPED_TEST(FileTreeContract, ResolveSeesWhatAProcessInsideWouldSee) {
    const struct {
        const char* path;
        const char* resolved;  // nullptr: leads nowhere
    } rows[] = {
        {"", ""},
        {"usr/bin/tool", "usr/bin/tool"},
        {"bin", "usr/bin"},
        {"bin/tool", "usr/bin/tool"},
        {"bin/absolute/na\xc3\xafve", "usr/share/doc/na\xc3\xafve"},
        {"bin/relative", "usr/share/doc"},
        {"self/self/bin/relative", "usr/share/doc"},
        {"escape", "usr/bin/tool"},
        {"dangling", nullptr},
        {"loop-a", nullptr},
        {"through-file", nullptr},
        {"bin/none", nullptr},
        {"usr/bin/tool/x", nullptr},
    };
    for (const auto& row : rows) {
        const auto resolved = resolve(*this->tree_, path_of(row.path));
        ASSERT_TRUE(resolved.has_value()) << resolved.error().render();
        ASSERT_EQ(resolved->has_value(), row.resolved != nullptr) << row.path;
        if (row.resolved != nullptr) {
            EXPECT_EQ((*resolved)->str(), row.resolved) << row.path;
        }
        const auto info = stat(*this->tree_, path_of(row.path));
        ASSERT_TRUE(info.has_value());
        EXPECT_EQ(info->has_value(), row.resolved != nullptr) << row.path;
    }
}

TYPED_TEST(FileTreeContract, ReadFileFollowsLinksAndKeepsToItsLimit) {
    EXPECT_EQ(read_file(*this->tree_, path_of("bin/tool"), 10).value_or("<error>"), "#!/bin/sh\n");
    EXPECT_EQ(read_file(*this->tree_, path_of("usr/zero"), 0).value_or("<error>"), "");
    EXPECT_EQ(read_file(*this->tree_, path_of("bin/tool"), 9).error().code(),
              ErrorCode::limit_exceeded);
    EXPECT_EQ(read_file(*this->tree_, path_of("bin/none"), 9).error().code(), ErrorCode::not_found);
    EXPECT_EQ(read_file(*this->tree_, path_of("bin"), 9).error().code(), ErrorCode::not_found);
}

TEST(Resolve, CountsLinksAsLinuxDoes) {
    MemoryTree tree;
    tree.add_file("l0", "end");
    for (int i = 1; i <= 41; ++i) {
        tree.add_symlink("l" + std::to_string(i), "l" + std::to_string(i - 1));
    }
    EXPECT_TRUE(resolve(tree, path_of("l40")).value().has_value());
    EXPECT_FALSE(resolve(tree, path_of("l41")).value().has_value());
}

TEST(DiskTree, LeavesOutNamesThatNoPathCanHold) {
    const test::TempFolder folder;
    for (const char* const name : {"good", "back\\slash", "tab\there", "latin\xe9"}) {
        folder.write(name, "x");
    }
    EXPECT_EQ(DiskTree(folder.path()).list(SafePath()).value(),
              (std::vector<std::string>{"back\\slash", "good"}));
}

TEST(DiskTree, ReportsARootThatIsNone) {
    const test::TempFolder folder;
    const DiskTree missing(folder / "missing");
    EXPECT_EQ(missing.lookup(SafePath()).error().code(), ErrorCode::not_found);
    const DiskTree file(folder.write("file", "x"));
    EXPECT_FALSE(file.list(SafePath()).has_value());
}

TEST(DiskTree, ReadsTheMachineItself) {
    const DiskTree tree("/");
    EXPECT_TRUE(stat(tree, path_of("proc/self/status")).value().has_value());
    EXPECT_EQ(tree.lookup(path_of("dev/null")).value()->type, FileType::other);
    EXPECT_FALSE(tree.open(path_of("dev/null")).has_value());
}

}  // namespace
}  // namespace envpack::archive
