#include "envpack/archive/disk_tree.hpp"
#include "envpack/archive/memory_tree.hpp"
#include "envpack/env/inventory.hpp"
#include "support/python_tree.hpp"
#include "support/temp_folder.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>

#include <gtest/gtest.h>

// Trees that somebody made to hang or crash a reader.

namespace envpack::env {
namespace {

using archive::MemoryTree;

#ifdef NDEBUG
constexpr int many = 100'000;
constexpr std::chrono::seconds at_most(10);
#else
constexpr int many = 10'000;  // sanitizers without optimisation tell nothing about time
constexpr std::chrono::seconds at_most(120);
#endif

const std::string site = "usr/lib/python3/dist-packages";

MemoryTree python_tree() {
    MemoryTree tree;
    test::add_python(tree);
    tree.add_directory(site);
    test::add_dist_info(tree, site, "good", "1.0");
    return tree;
}

/// The inventory, which must always have `good`.
Inventory inventory_of(const archive::FileTree& tree,
                       InventoryDetail detail = InventoryDetail::files) {
    auto inventory = take_inventory(tree, {.detail = detail}, {});
    if (!inventory) {
        ADD_FAILURE() << inventory.error().render();
        return {};
    }
    EXPECT_NE(inventory->find(*packaging::PackageName::parse("good")), nullptr);
    return *std::move(inventory);
}

/// `reason: path` of all that was skipped.
std::vector<std::string> skipped(const Inventory& inventory) {
    std::vector<std::string> texts;
    for (const Skipped& item : inventory.skipped) {
        texts.push_back(item.reason + ": " + item.path.substr(item.path.rfind('/') + 1));
    }
    return texts;
}

TEST(HostileTree, LinksThatLoopOrLeaveEndNothing) {
    MemoryTree tree = python_tree();
    tree.add_symlink(site + "/loop-1.0.dist-info", "loop-1.0.dist-info");
    tree.add_symlink(site + "/ping-1.0.dist-info", "pong-1.0.dist-info");
    tree.add_symlink(site + "/pong-1.0.dist-info", "ping-1.0.dist-info");
    tree.add_symlink(site + "/out-1.0.dist-info", "../../../../../../../../proc/self");
    tree.add_symlink(site + "/self-1.0.egg-info", ".");
    tree.add_symlink(site + "/linked-1.0.dist-info", "/usr/../opt/linked");
    tree.add_file("opt/linked/METADATA", "Name: linked\nVersion: 1.0\n\n");
    tree.add_file("opt/linked/INSTALLER", "pip\n");
    tree.add_symlink(site + "/loop.egg-link", "loop.egg-link");
    tree.add_symlink(site + "/loop.pth", "loop.pth");
    tree.add_file(site + "/meta-1.0.dist-info/RECORD", "");
    tree.add_symlink(site + "/meta-1.0.dist-info/METADATA", "/../../../../etc/shadow");
    tree.add_symlink(site + "/meta-1.0.dist-info/direct_url.json", "direct_url.json");
    const Inventory inventory = inventory_of(tree);
    ASSERT_EQ(inventory.packages.size(), 3u);
    EXPECT_EQ(inventory.packages[1].installer, "pip");           // linked
    EXPECT_TRUE(inventory.packages[2].has_flag("no-metadata"));  // meta
    EXPECT_EQ(skipped(inventory), (std::vector<std::string>{"no-metadata: self-1.0.egg-info",
                                                            "dangling-egg-link: loop.egg-link"}));
}

TEST(HostileTree, PthFilesThatNameEachOtherEnd) {
    MemoryTree tree = python_tree();
    tree.add_file(site + "/a.pth", "/opt/a\n" + ('/' + site) + "\n/\n.\n..\n");
    tree.add_file("opt/a/b.pth", '/' + site + "\n/opt/a\n");
    tree.add_symlink("opt/a/again", "/opt/a");
    tree.add_file(site + "/c.pth", "/opt/a/again/again/again\n");
    EXPECT_EQ(inventory_of(tree).packages.size(), 1u);
}

TEST(HostileTree, PthFilesWithoutEndAreAnError) {
    MemoryTree tree = python_tree();
    std::string lines;
    for (int i = 0; i < 1'000; ++i) {
        lines += "/opt/" + std::to_string(i) + '\n';
    }
    tree.add_file(site + "/a.pth", lines);
    EXPECT_EQ(inventory_of(tree).packages.size(), 1u);
    tree.add_file(site + "/b.pth", std::string(100'000, '\n'));
    const auto refused = take_inventory(tree, {}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().rule(), "site.pth-lines");
    // One that no installer writes is not read at all.
    tree.add_file(site + "/b.pth", std::string(100u << 20, 'x'));
    EXPECT_EQ(inventory_of(tree).packages.size(), 1u);
}

TEST(HostileTree, FilesOfAHundredMegabytesAreNotRead) {
    const std::string large = "Name: x\nVersion: 1\n" + std::string(100u << 20, 'a');
    MemoryTree tree = python_tree();
    test::add_dist_info(tree, site, "meta", "1.0");
    tree.add_file(site + "/meta-1.0.dist-info/METADATA", large);
    test::add_dist_info(tree, site, "source", "1.0");
    tree.add_file(site + "/source-1.0.dist-info/direct_url.json", large);
    tree.add_file(site + "/source-1.0.dist-info/INSTALLER", large);
    tree.add_file(site + "/source-1.0.dist-info/RECORD", large);
    tree.add_file(site + "/plain.dist-info/METADATA", large);
    tree.add_file(site + "/egg-1.0.egg-info/PKG-INFO", large);
    tree.add_file(site + "/eggfile-1.0.egg-info", large);
    tree.add_file(site + "/linked.egg-link", large);
    const Inventory inventory = inventory_of(tree);
    EXPECT_EQ(inventory.packages.size(), 3u);
    EXPECT_TRUE(inventory.find(*packaging::PackageName::parse("meta"))->has_flag("bad-metadata"));
    EXPECT_TRUE(
        inventory.find(*packaging::PackageName::parse("source"))->has_flag("bad-direct-url"));
    EXPECT_EQ(skipped(inventory),
              (std::vector<std::string>{
                  "bad-metadata: egg-1.0.egg-info", "bad-metadata: eggfile-1.0.egg-info",
                  "bad-metadata: plain.dist-info", "dangling-egg-link: linked.egg-link"}));
}

TEST(HostileTree, TextsThatAreNoMetadataAreReported) {
    MemoryTree tree = python_tree();
    for (const std::string& text :
         {std::string("\0\xff\xfe", 3), std::string(1u << 20, '\n'), std::string("Version"),
          "Version: " + std::string(1u << 20, '9') + "\n\n",
          std::string("Version: 1\nRequires-Dist: ") + std::string(1u << 16, '(') + "\n\n"}) {
        test::add_dist_info(tree, site, "odd", "1.0");
        tree.add_file(site + "/odd-1.0.dist-info/METADATA", text);
        tree.add_file(site + "/egg-1.0.egg-info/PKG-INFO", text);
        tree.add_file(site + "/odd-1.0.dist-info/direct_url.json", std::string(1u << 20, '['));
        EXPECT_NE(inventory_of(tree).find(*packaging::PackageName::parse("odd")), nullptr);
    }
}

TEST(HostileTree, AbsurdNamesAreSkippedOrPinned) {
    MemoryTree tree = python_tree();
    const std::string longest = std::string(255 - 14, 'a') + "-1.0.dist-info";
    for (const std::string& name :
         {longest, std::string(".dist-info"), std::string("-1.0.dist-info"),
          std::string("x-.dist-info"), std::string("..-1.0.dist-info"),
          std::string("sp ace-1.0.dist-info"), std::string("\xc3\xa9-1.0.dist-info"),
          std::string("x; rm -rf-1.0.dist-info"), std::string("v-1.0 #.dist-info"),
          "v2-" + std::string(200, '9') + ".dist-info"}) {
        tree.add_file(site + '/' + name + "/METADATA", "Name: x\nVersion: 1\n\n");
        tree.add_file(site + '/' + name + "/RECORD", "");
    }
    for (const char* const name : {".egg-info", ".egg", ".egg-link", ".pth", "~.dist-info"}) {
        tree.add_file(site + '/' + name, "");
    }
    const Inventory inventory = inventory_of(tree);
    for (const FrozenPackage& package : inventory.packages) {
        const std::string_view name = package.name.str();
        EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-"), name.npos);
    }
    EXPECT_NE(inventory.find(*packaging::PackageName::parse(std::string(255 - 14, 'a'))), nullptr);
}

TEST(HostileTree, AHundredThousandDistributionsTakeSeconds) {
    MemoryTree tree = python_tree();
    for (int i = 0; i < many; ++i) {
        test::add_dist_info(tree, site, "p" + std::to_string(i), "1.0", "Requires-Dist: good\n");
    }
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(inventory_of(tree, InventoryDetail::full).packages.size(), std::size_t{many} + 1);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, at_most);
}

TEST(HostileTree, AHundredThousandVersionsOfOnePackageTakeSeconds) {
    MemoryTree tree = python_tree();
    for (int i = 0; i < many; ++i) {
        test::add_dist_info(tree, site, "p", std::to_string(i));
    }
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(inventory_of(tree, InventoryDetail::full).packages.size(), 2u);
    EXPECT_LT(std::chrono::steady_clock::now() - begin, at_most);
}

TEST(HostileTree, NothingButRegularFilesOfADiskIsOpened) {
    namespace fs = std::filesystem;
    const test::TempFolder folder;
    const fs::path root = folder.path();
    const fs::path packages = root / "site";
    const auto write = [](const fs::path& path, const std::string& text) {
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
    };
    for (const char* const name : {"good", "fifo", "folder", "device", "out"}) {
        const std::string info = std::string(name) + "-1.0.dist-info";
        write(packages / info / "RECORD", "");
        write(packages / info / "METADATA", "Name: x\nVersion: 1.0\n\n");
    }
    for (const char* const file : {"METADATA", "INSTALLER", "direct_url.json", "RECORD"}) {
        fs::remove(packages / "fifo-1.0.dist-info" / file);
        ASSERT_EQ(mkfifo((packages / "fifo-1.0.dist-info" / file).c_str(), 0600), 0);
        fs::remove(packages / "device-1.0.dist-info" / file);
        fs::create_symlink("/dev/zero", packages / "device-1.0.dist-info" / file);
        fs::remove(packages / "folder-1.0.dist-info" / file);
        fs::create_directory(packages / "folder-1.0.dist-info" / file);
        fs::remove(packages / "out-1.0.dist-info" / file);
        fs::create_symlink("../../../../../../../../etc/passwd",
                           packages / "out-1.0.dist-info" / file);
    }
    ASSERT_EQ(mkfifo((packages / "x.pth").c_str(), 0600), 0);
    ASSERT_EQ(mkfifo((packages / "x.egg-link").c_str(), 0600), 0);
    ASSERT_EQ(mkfifo((packages / "x-1.0.egg-info").c_str(), 0600), 0);
    write(packages / "new\nline-1.0.dist-info" / "METADATA", "Name: x\n");
    write(packages / "\xff-1.0.dist-info" / "METADATA", "Name: x\n");

    const archive::DiskTree tree(root);
    ASSERT_TRUE(tree.list(SafePath()));
    SitePath where{.path = *SafePath::parse("site")};
    where.names = *tree.list(where.path);
    const auto inventory = scan_site_paths(tree, {where}, {.detail = InventoryDetail::files}, {});
    ASSERT_TRUE(inventory) << inventory.error().render();
    for (const FrozenPackage& package : inventory->packages) {
        EXPECT_EQ(package.has_flag("no-metadata"), package.name.str() != "good");
    }
    EXPECT_EQ(inventory->packages.size(), 3u);
}

}  // namespace
}  // namespace envpack::env
