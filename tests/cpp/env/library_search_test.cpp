#include "envpack/env/library_search.hpp"

#include "envpack/archive/memory_tree.hpp"

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

using archive::MemoryTree;
using How = LibraryUse::How;

/// A tree whose ELF files are told, not written.
class LibrarySearchTest : public testing::Test {
protected:
    void add(const std::string& path, cuda::ElfFile elf) {
        elf.is_wide = elf.is_little = elf.is_dynamic = true;
        elf.machine = elf.machine == 0 ? 62 : elf.machine;
        tree_.add_file(path, "ELF");
        files_[path] = std::move(elf);
    }
    std::vector<LibraryUse> load(const std::string& root, const Environment& environment = {}) {
        LibrarySearch::Process process;
        LibrarySearch search(tree_, loader_paths(tree_, environment).value(),
                             [this](const SafePath& path) -> Result<const cuda::ElfFile*> {
                                 const auto found = files_.find(path.str());
                                 return found == files_.end() ? nullptr : &found->second;
                             });
        return search.load(SafePath::parse(root).value(), process, {}).value();
    }
    LibraryUse first(const std::string& root, const Environment& environment = {}) {
        return load(root, environment).at(0);
    }

    MemoryTree tree_;
    std::map<std::string, cuda::ElfFile> files_;
};

TEST_F(LibrarySearchTest, TheSystemsFoldersComeLast) {
    tree_.add_file("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n# no\n/opt/b\n");
    tree_.add_file("etc/ld.so.conf.d/a.conf", "/opt/a  # first\n");
    tree_.add_file("etc/ld.so.conf.d/other.txt", "/opt/x\n");
    add("bin/p", {.needed = {"libx.so.1"}});
    EXPECT_EQ(first("bin/p").how, How::missing);
    add("opt/x/libx.so.1", {});
    EXPECT_EQ(first("bin/p").how, How::missing);
    add("usr/lib/libx.so.1", {});
    EXPECT_EQ(first("bin/p").found.str(), "usr/lib/libx.so.1");
    add("opt/b/libx.so.1", {});
    EXPECT_EQ(first("bin/p").found.str(), "opt/b/libx.so.1");
    add("opt/a/libx.so.1", {});
    EXPECT_EQ(first("bin/p").found.str(), "opt/a/libx.so.1");
    EXPECT_EQ(first("bin/p").how, How::system);
}

/// ld.so(8): DT_RPATH, LD_LIBRARY_PATH, DT_RUNPATH, the system.
TEST_F(LibrarySearchTest, FoldersAreSearchedInTheLoadersOrder) {
    add("usr/lib/libx.so", {});
    add("app/lib/libx.so", {});
    add("env/libx.so", {});
    add("app/bin/rpath", {.needed = {"libx.so"}, .rpath = {"$ORIGIN/../lib"}});
    add("app/bin/runpath", {.needed = {"libx.so"}, .runpath = {"${ORIGIN}/../lib"}});
    add("app/bin/both", {.needed = {"libx.so"}, .rpath = {"/env"}, .runpath = {"$ORIGIN/../lib"}});
    EXPECT_EQ(first("app/bin/rpath").found.str(), "app/lib/libx.so");
    EXPECT_EQ(first("app/bin/runpath").found.str(), "app/lib/libx.so");
    EXPECT_EQ(first("app/bin/both").how, How::runpath);
    const Environment environment{{"LD_LIBRARY_PATH", "relative:/env"}};
    EXPECT_EQ(first("app/bin/rpath", environment).how, How::rpath);
    const LibraryUse moved = first("app/bin/runpath", environment);
    EXPECT_EQ(moved.how, How::environment);
    EXPECT_EQ(moved.found.str(), "env/libx.so");
    EXPECT_EQ(moved.without_env, "/app/bin/../lib/libx.so");
}

/// ld.so(8), "Hardware capabilities": of each folder, before the next one.
TEST_F(LibrarySearchTest, SubfoldersForTheProcessorGoFirst) {
    add("bin/p", {.needed = {"libx.so"}, .runpath = {"/app"}});
    add("usr/lib/glibc-hwcaps/x86-64-v2/libx.so", {});
    EXPECT_EQ(first("bin/p").found_as, "/usr/lib/glibc-hwcaps/x86-64-v2/libx.so");
    add("app/libx.so", {});
    EXPECT_EQ(first("bin/p").found.str(), "app/libx.so");
    add("app/glibc-hwcaps/x86-64-v4/libx.so", {});  // not every processor has it
    EXPECT_EQ(first("bin/p").found.str(), "app/libx.so");
    add("app/glibc-hwcaps/x86-64-v2/libx.so", {});
    add("app/glibc-hwcaps/x86-64-v3/libx.so", {});
    EXPECT_EQ(first("bin/p").found.str(), "app/glibc-hwcaps/x86-64-v3/libx.so");
}

TEST_F(LibrarySearchTest, RpathOfWhoLedThereCountsAndRunpathDoesNot) {
    add("app/lib/liba.so", {.needed = {"libb.so"}});
    add("app/lib/libb.so", {});
    add("bin/rpath", {.needed = {"liba.so"}, .rpath = {"/app/lib"}});
    add("bin/runpath", {.needed = {"liba.so"}, .runpath = {"/app/lib"}});
    EXPECT_EQ(load("bin/rpath").at(1).how, How::rpath);
    EXPECT_EQ(load("bin/runpath").at(1).how, How::missing);
}

TEST_F(LibrarySearchTest, ANameThatIsLoadedIsTaken) {
    add("one/liba.so.1.2", {.soname = "liba.so.1"});
    tree_.add_symlink("one/liba.so", "liba.so.1.2");
    add("one/libb.so", {.needed = {"liba.so.1"}});
    add("bin/p", {.needed = {"liba.so", "libb.so"}, .runpath = {"/one"}});
    const auto uses = load("bin/p");
    ASSERT_EQ(uses.size(), 3U);
    EXPECT_EQ(uses[0].found.str(), "one/liba.so.1.2");
    EXPECT_EQ(uses[2].how, How::loaded);
    EXPECT_EQ(uses[2].found.str(), "one/liba.so.1.2");
}

TEST_F(LibrarySearchTest, ALibraryOfAnotherMachineIsPassedOver) {
    add("lib/libx.so", {.machine = 183});
    add("bin/p", {.needed = {"libx.so"}});
    EXPECT_EQ(first("bin/p").how, How::missing);
    add("usr/lib/libx.so", {});
    EXPECT_EQ(first("bin/p").found.str(), "usr/lib/libx.so");
}

TEST_F(LibrarySearchTest, SymbolVersionsAreCompared) {
    add("lib/libc.so.6", {.soname = "libc.so.6", .version_definitions = {"GLIBC_2.17"}});
    add("bin/p",
        {.needed = {"libc.so.6"}, .version_needs = {{"libc.so.6", {"GLIBC_2.17", "GLIBC_2.38"}}}});
    EXPECT_EQ(first("bin/p").versions_missing, std::vector<std::string>{"GLIBC_2.38"});
    add("lib/libc.so.6", {.soname = "libc.so.6"});  // without versions the loader only warns
    EXPECT_TRUE(first("bin/p").versions_missing.empty());
}

TEST_F(LibrarySearchTest, LoopsEnd) {
    add("lib/liba.so", {.soname = "liba.so", .needed = {"libb.so"}});
    add("lib/libb.so", {.soname = "libb.so", .needed = {"liba.so", "libb.so"}});
    EXPECT_EQ(load("lib/liba.so").size(), 3U);
}

}  // namespace
}  // namespace envpack::env
