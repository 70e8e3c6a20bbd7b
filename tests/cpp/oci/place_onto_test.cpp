#include "envpack/oci/place_onto.hpp"

#include "envpack/archive/memory_tree.hpp"
#include "oci/images.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::oci {
namespace {

using archive::MemoryTree;
using test::file;
using test::folder;
using test::link;
using test::must;
using test::verdict;

/// A Debian-like root: usr-merged, sticky /tmp, a few traps.
MemoryTree base() {
    MemoryTree tree;
    tree.add_directory("usr/lib", 0755)
        .add_directory("usr/bin", 0755)
        .add_directory("opt", 0750)
        .add_directory("tmp", 01777)
        .add_directory("run", 0755)
        .add_directory("srv/data", 0700)
        .add_symlink("lib", "usr/lib")
        .add_symlink("bin", "/usr/bin")
        .add_symlink("var/run", "../run")
        .add_symlink("chain", "lib")
        .add_symlink("up", "../../../usr/lib")
        .add_symlink("dangling", "nowhere")
        .add_symlink("loop", "loop")
        .add_symlink("to-file", "usr/lib/readme")
        .add_file("usr/lib/readme", "text", 0644)
        .add_file("usr/bin/tool", "run", 0755)
        .add_symlink("usr/bin/alias", "tool");
    return tree;
}

/// "dir/ 0755", "file", "link -> target", in their order.
std::vector<std::string> placed(std::vector<archive::PlannedEntry> entries) {
    std::vector<std::string> lines;
    for (const auto& entry : must(place_onto(base(), std::move(entries)))) {
        std::string line = entry.path.str();
        if (entry.type == archive::FileType::directory) {
            line += "/";
            EXPECT_EQ(entry.mode, 0755u) << line;
        } else if (entry.type == archive::FileType::symlink) {
            line += " -> " + entry.link_target;
        }
        lines.push_back(line);
    }
    return lines;
}

using Lines = std::vector<std::string>;

TEST(PlaceOnto, NeverWritesADirectoryThatTheBaseHas) {
    EXPECT_EQ(placed({folder("usr"), folder("usr/lib"), folder("tmp"), folder("opt"),
                      folder("srv/data", 0755), file("tmp/x", "1"), file("opt/y", "2")}),
              (Lines{"opt/y", "tmp/x"}));
}

TEST(PlaceOnto, FollowsTheLinksOfAUsrMergedBase) {
    EXPECT_EQ(placed({folder("lib"), file("lib/x", "1"), folder("bin"), file("bin/y", "2", 0755),
                      file("chain/z", "3"), file("up/w", "4"), file("var/run/p", "5")}),
              (Lines{"run/p", "usr/bin/y", "usr/lib/w", "usr/lib/x", "usr/lib/z"}));
}

TEST(PlaceOnto, AddsOnlyTheDirectoriesThatAreMissing) {
    EXPECT_EQ(placed({file("opt/venv/lib/a", "1"), file("lib/new/b", "2"), file("home/u/c", "3")}),
              (Lines{"home/", "home/u/", "home/u/c", "opt/venv/", "opt/venv/lib/", "opt/venv/lib/a",
                     "usr/lib/new/", "usr/lib/new/b"}));
    EXPECT_EQ(placed({folder("opt/a/b"), folder("opt/a/b/c")}),
              (Lines{"opt/a/", "opt/a/b/", "opt/a/b/c/"}));
    EXPECT_EQ(placed({}), Lines{});
}

TEST(PlaceOnto, DoesNotDependOnTheOrderOfThePlan) {
    std::vector<archive::PlannedEntry> entries = {link("bin/alias", "tool"), folder("opt/p/empty")};
    for (int i = 0; i < 40; ++i) {
        const std::string number = std::to_string(i);
        entries.push_back(file("lib/p" + std::to_string(i % 4) + "/" + number, number));
        entries.push_back(file("opt/p/" + number, number));
    }
    const Lines sorted = placed(entries);
    EXPECT_EQ(sorted.size(), 80u + 4 + 2);  // files, usr/lib/p0 to p3, opt/p and opt/p/empty
    std::mt19937 random(15);
    for (int round = 0; round < 20; ++round) {
        std::shuffle(entries.begin(), entries.end(), random);
        EXPECT_EQ(placed(entries), sorted);
    }
}

TEST(PlaceOnto, AnEmptyBaseLacksEverything) {
    const auto entries = must(place_onto(MemoryTree(), {file("usr/lib/a", "1")}));
    ASSERT_EQ(entries.size(), 3u);
    EXPECT_EQ(entries[0].path.str(), "usr");
    EXPECT_EQ(entries[1].path.str(), "usr/lib");
}

TEST(PlaceOnto, KeepsTheModeOfADirectoryOfThePlan) {
    const auto entries = must(place_onto(MemoryTree(), {folder("opt", 0775), file("opt/a", "1")}));
    ASSERT_EQ(entries.size(), 2u);
    EXPECT_EQ(entries[0].mode, 0775u);
}

TEST(PlaceOnto, LeavesOutWhatTheBaseHasByteForByte) {
    EXPECT_EQ(placed({file("lib/readme", "text"), link("bin/alias", "tool")}), Lines{});
    auto hashed = file("lib/readme", "text");
    hashed.sha256 = Digest::of(as_bytes(std::string_view("text")));
    EXPECT_EQ(placed({hashed}), Lines{});
}

TEST(PlaceOnto, TwoPathsToOnePlaceAreOneEntry) {
    auto one = file("lib/x", "1");
    one.sha256 = Digest::of(as_bytes(std::string_view("1")));
    auto two = one;
    two.path = must(SafePath::parse("usr/lib/x"));
    EXPECT_EQ(placed({one, two}), Lines{"usr/lib/x"});
    EXPECT_EQ(verdict(place_onto(base(), {file("lib/x", "1"), file("usr/lib/x", "2")})),
              "plan.path-conflict");
}

TEST(PlaceOnto, RefusesToReplaceWhatTheBaseHas) {
    struct Row {
        archive::PlannedEntry entry;
        const char* rule;
    };
    const Row rows[] = {
        {file("usr/lib/readme", "other"), "layer.base-file"},
        {file("usr/lib/readme", "test"), "layer.base-file"},  // same size
        {file("usr/lib/readme", "text", 0755), "layer.base-file"},
        {file("lib", "x"), "layer.base-link"},
        {link("lib", "usr/lib64"), "layer.base-link"},
        {file("usr/bin/alias", "x"), "layer.base-link"},
        {file("dangling/x", "x"), "layer.base-link"},
        {folder("dangling"), "layer.base-link"},
        {file("loop/x", "x"), "layer.base-link"},
        {file("to-file/x", "x"), "layer.base-type"},
        {file("usr/lib/readme/x", "x"), "layer.base-type"},
        {folder("usr/lib/readme"), "layer.base-type"},
        {file("opt", "x"), "layer.base-type"},
        {link("opt", "usr"), "layer.base-type"},
        {link("usr/lib/readme", "x"), "layer.base-type"},
        {file("opt/.wh.x", ""), "layer.whiteout-name"},
        {file("opt/.wh..wh..opq", ""), "layer.whiteout-name"},
        {file("opt/.wh.d/x", ""), "layer.whiteout-name"},
    };
    for (const Row& row : rows) {
        const auto result = place_onto(base(), {row.entry});
        EXPECT_EQ(verdict(result), row.rule) << row.entry.path.str();
        EXPECT_EQ(result.error().code(), ErrorCode::invalid_argument);
    }
}

TEST(PlaceOnto, ALinkOfThePlanIsNoParent) {
    EXPECT_EQ(verdict(place_onto(base(), {link("opt/l", "x"), file("opt/l/a", "1")})),
              "plan.path-conflict");
}

}  // namespace
}  // namespace envpack::oci
