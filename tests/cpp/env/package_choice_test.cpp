#include "envpack/archive/memory_tree.hpp"
#include "envpack/env/inventory.hpp"
#include "support/python_tree.hpp"

#include <string>

#include <gtest/gtest.h>

// Several distributions of one name in one folder, and files that RECORD lists.

namespace envpack::env {
namespace {

using archive::MemoryTree;

const std::string site = "usr/lib/python3/dist-packages";

MemoryTree python_tree() {
    MemoryTree tree;
    test::add_python(tree);
    tree.add_directory(site);
    return tree;
}

void add(MemoryTree& tree, const std::string& name, const std::string& version,
         const std::string& record) {
    const std::string folder = site + '/' + name + '-' + version + ".dist-info";
    tree.add_file(folder + "/METADATA", "Name: " + name + "\nVersion: " + version + "\n\n");
    tree.add_file(folder + "/RECORD", record);
}

Inventory inventory_of(const MemoryTree& tree, InventoryDetail detail = InventoryDetail::full) {
    auto inventory = take_inventory(tree, {.detail = detail}, {});
    if (!inventory) {
        ADD_FAILURE() << inventory.error().render();
        return {};
    }
    return *std::move(inventory);
}

TEST(PackageChoice, OfTwoInOneLayerTakesTheOneWhoseRecordFits) {
    struct Row {
        const char* name;
        const char* old_record;
        const char* new_record;
        const char* winner;
    };
    // dup/a.py has 3 bytes, dup/b.py 5.
    const Row rows[] = {
        {"only the old one fits", "dup/a.py,,3\n", "dup/a.py,,4\n", "1.0"},
        {"only the new one fits", "dup/a.py,,4\n", "dup/a.py,,3\n", "2.0"},
        {"both fit", "dup/a.py,,3\n", "dup/a.py,,3\ndup/b.py,,5\n", "2.0"},
        {"a file of the new one is gone", "dup/a.py,,3\n", "dup/a.py,,3\ndup/c.py,,1\n", "1.0"},
        {"fewer files of the old one differ", "dup/a.py,,3\ndup/b.py,,6\n",
         "dup/a.py,,4\ndup/b.py,,6\n", "1.0"},
        {"no sizes", "dup/a.py,,\n", "dup/a.py,,\n", "2.0"},
        {"no CSV", "\"", "\"", "2.0"},
        {"paths that lead out", "../../../../../../etc/passwd,,3\n", "/dup,,3\n", "2.0"},
    };
    for (const Row& row : rows) {
        for (const InventoryDetail detail : {InventoryDetail::pins, InventoryDetail::full}) {
            MemoryTree tree = python_tree();
            tree.add_file(site + "/dup/a.py", "abc");
            tree.add_file(site + "/dup/b.py", "abcde");
            add(tree, "dup", "1.0", row.old_record);
            add(tree, "dup", "2.0", row.new_record);
            const Inventory inventory = inventory_of(tree, detail);
            ASSERT_EQ(inventory.packages.size(), 1u) << row.name;
            EXPECT_EQ(inventory.packages[0].raw_version, row.winner) << row.name;
            EXPECT_TRUE(inventory.packages[0].has_flag("ambiguous"));
            ASSERT_EQ(inventory.problems.size(), 1u);
            EXPECT_EQ(inventory.problems[0].text, "dup 1.0, dup 2.0");
        }
    }
}

TEST(PackageChoice, LayerComesBeforeRecordAndBothAreNamed) {
    MemoryTree tree = python_tree();
    tree.add_file(site + "/dup/a.py", "abc");
    for (const auto& [version, layer, record] :
         {std::tuple{"1.0", 3u, "dup/a.py,,3\n"}, std::tuple{"2.0", 9u, "dup/a.py,,4\n"}}) {
        const std::string folder = site + "/dup-" + version + ".dist-info";
        add(tree, "dup", version, record);
        tree.add(*SafePath::parse(folder + "/METADATA"), {.layer = layer}, "Name: dup\n\n");
    }
    const Inventory inventory = inventory_of(tree);
    EXPECT_EQ(inventory.packages.at(0).raw_version, "2.0");
    EXPECT_EQ(inventory.problems.at(0).kind, "duplicate-dist-info");
    EXPECT_EQ(inventory.problems.at(0).text, "dup 1.0 (layer 4), dup 2.0 (layer 10)");
}

TEST(PackageChoice, ThreeOfOneNameAreOneProblem) {
    MemoryTree tree = python_tree();
    add(tree, "dup", "2.0", "");
    add(tree, "dup", "10.0", "");
    add(tree, "Dup", "2.0", "");
    const Inventory inventory = inventory_of(tree);
    EXPECT_EQ(inventory.packages.at(0).raw_version, "10.0");
    EXPECT_EQ(inventory.packages.at(0).shadowed.size(), 2u);
    ASSERT_EQ(inventory.problems.size(), 1u);
    EXPECT_EQ(inventory.problems[0].text, "dup 2.0, dup 2.0, dup 10.0");
}

TEST(InstalledFiles, MissingOnesAreFlaggedWhenAskedFor) {
    MemoryTree tree = python_tree();
    tree.add_file("usr/bin/tool", "");
    tree.add_file(site + "/whole/a.py", "abc");
    tree.add_symlink(site + "/whole/link", "nowhere");
    add(tree, "whole", "1.0",
        "whole/a.py,,3\nwhole/link,,\n../../../bin/tool,,\n/usr/bin/tool,,\n"
        "whole/__pycache__/a.cpython-311.pyc,,\nwhole-1.0.dist-info/RECORD,,\n");
    add(tree, "gone", "1.0", "gone/a.py,,3\ngone/b.py,,3\n");
    const auto flags = [&](InventoryDetail detail, const char* name) {
        const Inventory inventory = inventory_of(tree, detail);
        return inventory.find(*packaging::PackageName::parse(name))->has_flag("files-missing");
    };
    EXPECT_FALSE(flags(InventoryDetail::files, "whole"));
    EXPECT_TRUE(flags(InventoryDetail::files, "gone"));
    EXPECT_FALSE(flags(InventoryDetail::full, "gone"));
    const Inventory inventory = inventory_of(tree, InventoryDetail::files);
    ASSERT_EQ(inventory.problems.size(), 1u);
    EXPECT_EQ(inventory.problems[0].text, "`" + site +
                                              "/gone-1.0.dist-info` lists 2 files that are gone, "
                                              "such as `gone/a.py`");
}

}  // namespace
}  // namespace envpack::env
