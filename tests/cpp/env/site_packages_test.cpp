#include "envpack/env/site_packages.hpp"

#include "envpack/archive/memory_tree.hpp"
#include "support/python_tree.hpp"

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

using archive::MemoryTree;

std::vector<std::string> paths(const MemoryTree& tree, const InterpreterSearch& search = {},
                               const Environment& environment = {}) {
    const auto python = find_interpreter(tree, search, {});
    if (!python) {
        return {python.error().render()};
    }
    const auto found = site_paths(tree, python->chosen, environment, {});
    if (!found) {
        return {found.error().render()};
    }
    std::vector<std::string> texts;
    for (const SitePath& site : *found) {
        texts.push_back(site.path.str());
    }
    return texts;
}

using Texts = std::vector<std::string>;

TEST(SitePaths, DebianPutsLocalBeforeDistPackages) {
    MemoryTree tree;
    test::add_python(tree);
    tree.add_directory("usr/lib/python3/dist-packages");
    tree.add_directory("usr/local/lib/python3.11/dist-packages");
    tree.add_directory("usr/local/lib/python3.11/site-packages");
    tree.add_directory("usr/lib/python3.11/site-packages");
    EXPECT_EQ(paths(tree),
              (Texts{"usr/local/lib/python3.11/dist-packages", "usr/lib/python3/dist-packages"}));
}

TEST(InstallFolders, AreThoseOfPipOnEachDistribution) {
    struct Row {
        const char* folder;  ///< that tells the distribution
        const char* prefix;
        const char* purelib;
        const char* platlib;
    };
    const Row rows[] = {
        {"usr/lib/python3/dist-packages", "usr/local", "usr/local/lib/python3.11/dist-packages",
         "usr/local/lib/python3.11/dist-packages"},
        {"usr/lib64/python3.11", "usr/local", "usr/local/lib/python3.11/site-packages",
         "usr/local/lib64/python3.11/site-packages"},
        {"srv", "usr", "usr/lib/python3.11/site-packages", "usr/lib/python3.11/site-packages"},
    };
    for (const Row& row : rows) {
        MemoryTree tree;
        test::add_python(tree);
        tree.add_directory(row.folder);
        const auto python = find_interpreter(tree, {}, {});
        ASSERT_TRUE(python) << python.error().render();
        const auto folders = install_folders(tree, python->chosen);
        ASSERT_TRUE(folders) << folders.error().render();
        EXPECT_EQ(folders->prefix.str(), row.prefix) << row.folder;
        EXPECT_EQ(folders->purelib.str(), row.purelib) << row.folder;
        EXPECT_EQ(folders->platlib.str(), row.platlib) << row.folder;
    }
}

TEST(InstallFolders, OfAnEnvironmentAreItsOwn) {
    MemoryTree tree;
    Interpreter python{.prefix = SafePath() / "opt" / "app-root",
                       .base_prefix = SafePath() / "usr",
                       .major = 3,
                       .minor = 12,
                       .is_venv = true};
    const auto folders = install_folders(tree, python);
    ASSERT_TRUE(folders);
    EXPECT_EQ(folders->prefix.str(), "opt/app-root");
    EXPECT_EQ(folders->platlib.str(), "opt/app-root/lib/python3.12/site-packages");
}

TEST(SitePaths, FoldersThatNobodyLooksIntoAreSeen) {
    struct Row {
        const char* folder;
        const char* interpreter;  ///< one more, or nullptr
        bool unseen;
    };
    const Row rows[] = {
        {"usr/local/lib/python3.11/site-packages", nullptr, true},
        {"usr/lib/python3.11/site-packages", nullptr, true},
        {"usr/local/lib/python3.12/site-packages", nullptr, false},
        {"usr/local/lib/python3.11/dist-packages", nullptr, false},
        {"usr/local/lib/python3.11/site-packages", "usr/local/bin/python3.11", false},
    };
    for (const Row& row : rows) {
        MemoryTree tree;
        test::add_python(tree);
        tree.add_directory("usr/lib/python3/dist-packages");
        test::add_dist_info(tree, row.folder, "x", "1");
        const auto python = find_interpreter(tree, {}, {});
        ASSERT_TRUE(python);
        std::vector<SafePath> others;
        if (row.interpreter != nullptr) {
            others.push_back(*SafePath::parse(row.interpreter));
        }
        const auto paths = site_paths(tree, python->chosen, {}, {});
        const auto unseen = unseen_site_paths(tree, python->chosen, others, *paths);
        ASSERT_TRUE(unseen);
        EXPECT_EQ(unseen->size(), row.unseen ? 1u : 0u) << row.folder;
    }
}

TEST(SitePaths, RedHatPutsLocalAndLib64First) {
    MemoryTree tree;
    tree.add_file("usr/bin/python3.9", test::elf_program(), 0755);
    tree.add_symlink("usr/bin/python3", "python3.9");
    tree.add_file("usr/lib64/python3.9/os.py", "");
    for (const char* const folder : {"usr/lib/python3.9", "usr/lib64/python3.9",
                                     "usr/local/lib/python3.9", "usr/local/lib64/python3.9"}) {
        tree.add_directory(std::string(folder) + "/site-packages");
    }
    EXPECT_EQ(
        paths(tree),
        (Texts{"usr/local/lib64/python3.9/site-packages", "usr/local/lib/python3.9/site-packages",
               "usr/lib64/python3.9/site-packages", "usr/lib/python3.9/site-packages"}));
}

TEST(SitePaths, OfOtherPrefixesAreTheirOwn) {
    for (const std::string prefix : {"usr/local", "opt/conda"}) {
        MemoryTree tree;
        test::add_python(tree, prefix);
        tree.add_directory(prefix + "/lib/python3.11/site-packages");
        tree.add_directory("usr/lib/python3/dist-packages");
        EXPECT_EQ(paths(tree), Texts{prefix + "/lib/python3.11/site-packages"});
    }
}

TEST(SitePaths, OfAVirtualEnvironmentTakeTheSystemOnlyWhereItSaysSo) {
    for (const bool system : {false, true}) {
        MemoryTree tree;
        test::add_python(tree);
        tree.add_directory("usr/lib/python3/dist-packages");
        tree.add_directory("root/.local/lib/python3.11/site-packages");
        tree.add_symlink("env/bin/python3", "/usr/bin/python3");
        tree.add_symlink("env/lib64", "lib");
        tree.add_directory("env/lib/python3.11/site-packages");
        tree.add_file("env/pyvenv.cfg",
                      std::string("home = /usr/bin\n") +
                          "Include-System-Site-Packages = " + (system ? "TRUE" : "false") + "\n");
        const Texts own{"env/lib/python3.11/site-packages"};
        const Texts all{"env/lib/python3.11/site-packages",
                        "root/.local/lib/python3.11/site-packages",
                        "usr/lib/python3/dist-packages"};
        EXPECT_EQ(paths(tree, {.path = "/env/bin"}, {{"HOME", "/root"}}), system ? all : own);
    }
}

TEST(SitePaths, EnvironmentAddsPythonPathAndUserSite) {
    MemoryTree tree;
    test::add_python(tree);
    tree.add_directory("usr/lib/python3.11/site-packages");
    tree.add_directory("extra");
    tree.add_symlink("link", "extra");
    tree.add_directory("home/u/.local/lib/python3.11/site-packages");
    const Environment environment{{"PYTHONPATH", "/extra:relative::/link:/missing"},
                                  {"HOME", "/home/u"}};
    EXPECT_EQ(paths(tree, {}, environment),
              (Texts{"extra", "home/u/.local/lib/python3.11/site-packages",
                     "usr/lib/python3.11/site-packages"}));
    Environment without = environment;
    without["PYTHONNOUSERSITE"] = "1";
    EXPECT_EQ(paths(tree, {}, without), (Texts{"extra", "usr/lib/python3.11/site-packages"}));
}

TEST(SitePaths, PthFilesAddFoldersAndRunNothing) {
    MemoryTree tree;
    test::add_python(tree);
    const std::string site = "usr/lib/python3.11/site-packages";
    tree.add_file(site + "/b.pth", "/opt/second\n");
    tree.add_file(site + "/a.pth",
                  "# comment\n\nimport os; os.mkdir('/x')\nimport\tsys\n/opt/first  \r\n"
                  "sub\n../../../../../../..\n/missing\n\x01\xff\n");
    tree.add_file(site + "/.hidden.pth", "/opt/third\n");
    tree.add_directory(site + "/sub");
    for (const char* const folder : {"opt/first", "opt/second", "opt/third"}) {
        tree.add_directory(folder);
    }
    tree.add_file("opt/first/c.pth", "/opt/third\n");
    EXPECT_EQ(paths(tree), (Texts{site, "opt/first", site + "/sub", "opt/second"}));
}

}  // namespace
}  // namespace envpack::env
