#include "envpack/env/system_owners.hpp"

#include "env/rpm_database.hpp"
#include "envpack/archive/memory_tree.hpp"
#include "envpack/env/cuda_facts.hpp"

#include <string>
#include <unordered_set>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

using archive::MemoryTree;
using test::rpm_database;
using test::sqlite_database;

constexpr const char* rpm_file = "usr/lib/sysimage/rpm/rpmdb.sqlite";
constexpr const char* old_rpm_file = "var/lib/rpm/rpmdb.sqlite";

SafePath path(std::string_view text) {
    return SafePath::parse(text).value();
}

/// Who owns `file` in `tree`.
std::string owner(const archive::FileTree& tree, std::string_view file) {
    return SystemOwners::read(tree, {path(file)}, path("opt/conda"), {}).value().owner(path(file));
}

TEST(SystemOwners, OfDpkgAreTheListsWithTheVersionsOfTheStatus) {
    MemoryTree tree;
    tree.add_file("var/lib/dpkg/status",
                  "Package: libz\nStatus: install ok installed\nVersion: 1:1.2-3\n")
        .add_file("var/lib/dpkg/info/libz:amd64.list", "/.\n/lib\n/lib/libz.so.1\n")
        .add_file("var/lib/dpkg/info/gone.list", "/usr/lib/libgone.so\n");
    EXPECT_EQ(owner(tree, "usr/lib/libz.so.1"), "libz 1.2-3 (dpkg)");  // /lib is a link now
    EXPECT_EQ(owner(tree, "usr/lib/libgone.so"), "gone (dpkg)");
    EXPECT_EQ(owner(tree, "usr/lib/libother.so"), "");
}

TEST(SystemOwners, OfCondaAreItsRecords) {
    MemoryTree tree;
    tree.add_file("opt/conda/conda-meta/z-1.3-0.json",
                  R"({"name": "z", "version": "1.3", "files": ["lib/libz.so.1", "../etc/x", 4]})")
        .add_file("opt/conda/conda-meta/broken.json", "{");
    EXPECT_EQ(owner(tree, "opt/conda/lib/libz.so.1"), "z 1.3 (conda)");
    EXPECT_EQ(owner(tree, "opt/etc/x"), "");
}

TEST(SystemOwners, OfRpmAreTheHeadersOfItsDatabase) {
    const std::string database = rpm_database(
        {{"zlib", "1.2.11", "40.el9", -1, {"/usr/lib64/libz.so.1.2.11", "/usr/lib64/libz.so.1"}},
         {"openssl-libs", "3.2.2", "6.el9_5", 1, {"/usr/lib64/libssl.so.3", "/lib64/x"}}});
    for (const char* const place : {rpm_file, old_rpm_file}) {
        MemoryTree tree;
        tree.add_file(place, database);
        EXPECT_EQ(owner(tree, "usr/lib64/libz.so.1.2.11"), "zlib 1.2.11-40.el9 (rpm)");
        EXPECT_EQ(owner(tree, "usr/lib64/libssl.so.3"), "openssl-libs 1:3.2.2-6.el9_5 (rpm)");
        EXPECT_EQ(owner(tree, "usr/lib64/x"), "openssl-libs 1:3.2.2-6.el9_5 (rpm)");
        EXPECT_EQ(owner(tree, "usr/lib64/libother.so"), "");
        const auto info = tree.lookup(path(place)).value();
        EXPECT_TRUE(system_owners_want(path(place), *info));
    }
}

TEST(SystemOwners, ADamagedRpmDatabaseNamesNothingAndEndsNothing) {
    const std::string whole = rpm_database({{"a", "1", "2", 3, {"/usr/lib64/liba.so"}}});
    for (std::size_t size = 0; size < whole.size(); size += 97) {
        MemoryTree tree;
        tree.add_file(rpm_file, whole.substr(0, size));
        EXPECT_LE(owner(tree, "usr/lib64/liba.so").size(), 20U) << size;
    }
    const std::string header = test::rpm_header({"a", "1", "2", 3, {"/usr/lib64/liba.so"}});
    for (std::size_t i = 0; i < header.size(); ++i) {
        for (const char value : {'\x00', '\x7f', '\xff'}) {
            std::string changed = header;
            changed[i] = value;
            MemoryTree tree;
            tree.add_file(rpm_file, sqlite_database({{"CREATE TABLE Packages (blob)", ""},
                                                     {"INSERT INTO Packages VALUES (?)", changed},
                                                     {"INSERT INTO Packages VALUES (NULL)", ""},
                                                     {"INSERT INTO Packages VALUES (7)", ""}}));
            static_cast<void>(owner(tree, "usr/lib64/liba.so"));
        }
    }
}

TEST(SystemOwners, ADatabaseThatWouldComputeIsNotRun) {
    // SQLite allows the form of this one.
    MemoryTree plain;
    plain.add_file(rpm_file, sqlite_database({{"CREATE VIEW Packages AS SELECT 1 AS blob", ""}}));
    EXPECT_TRUE(cuda_facts(plain, {}, {}, {}).value().problems.empty());
    MemoryTree tree;
    tree.add_file(rpm_file,
                  sqlite_database({{"CREATE VIEW Packages AS WITH RECURSIVE n(blob) AS (SELECT 1 "
                                    "UNION ALL SELECT blob + 1 FROM n) SELECT blob FROM n",
                                    ""}}));
    EXPECT_EQ(owner(tree, "usr/lib64/liba.so"), "");
    const CudaFacts facts = cuda_facts(tree, {}, {}, {}).value();
    ASSERT_EQ(facts.problems.size(), 1U);
    EXPECT_NE(facts.problems[0].find("the rpm database cannot be read: not authorized"),
              std::string::npos)
        << facts.problems[0];
}

TEST(SystemOwners, PackagesOfRpmTellCuda) {
    MemoryTree tree;
    tree.add_file(rpm_file, rpm_database({{"cuda-cudart-12-4", "12.4.127", "1"},
                                          {"libcudnn9-cuda-12", "9.1.0.70", "1"},
                                          {"libnccl", "2.21.5", "1+cuda12.4"}}));
    const CudaFacts facts = cuda_facts(tree, {}, {}, {}).value();
    EXPECT_TRUE(facts.problems.empty()) << facts.problems.front();
    ASSERT_TRUE(facts.cuda());
    EXPECT_EQ(facts.cuda()->to_string(), "12.4");
    EXPECT_EQ(facts.toolkit[0].where, "package cuda-cudart-12-4");
    ASSERT_EQ(facts.cudnn.size(), 1U);
    EXPECT_EQ(facts.cudnn[0].version, "9.1.0.70");
    ASSERT_EQ(facts.nccl.size(), 1U);
    EXPECT_EQ(facts.nccl[0].version, "2.21.5");
}

}  // namespace
}  // namespace envpack::env
