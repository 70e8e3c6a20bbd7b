#include "envpack/env/interpreter.hpp"

#include "envpack/archive/memory_tree.hpp"
#include "envpack/env/target_environment.hpp"
#include "support/python_tree.hpp"

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

using archive::MemoryTree;
using test::add_glibc;
using test::add_python;
using test::c_string;
using test::elf_program;

SafePath path(std::string_view text) {
    return *SafePath::normalize(text);
}

/// `implementation full_version prefix base_prefix machine libc`, or the error code.
std::string found(const MemoryTree& tree, const InterpreterSearch& search = {}) {
    const auto result = find_interpreter(tree, search, {});
    if (!result) {
        return std::string(to_string(result.error().code()));
    }
    const Interpreter& python = result->chosen;
    return python.full_version + python.abi_flags + ' ' + python.prefix.str() + ' ' +
           python.base_prefix.str() + ' ' + python.machine + ' ' + python.libc.to_string();
}

TEST(Interpreter, IsTheFirstPython3OfPath) {
    MemoryTree tree;
    add_glibc(tree);
    add_python(tree);
    add_python(tree, "usr/local", "3.12", "3.12.7");
    add_python(tree, "opt/conda", "3.10", "3.10.13");
    tree.add_symlink("opt/conda/bin/python", "python3.10");

    struct Row {
        const char* path;
        const char* expected;
    };
    const Row rows[] = {
        {"", "3.12.7 usr/local usr/local x86_64 glibc 2.36"},
        {"/usr/bin:/usr/local/bin", "3.11.2 usr usr x86_64 glibc 2.36"},
        {"/opt/conda/bin:/usr/bin", "3.10.13 opt/conda opt/conda x86_64 glibc 2.36"},
        {"/nowhere:relative:/usr/bin", "3.11.2 usr usr x86_64 glibc 2.36"},
        {"/nowhere", "3.12.7 usr/local usr/local x86_64 glibc 2.36"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(found(tree, {.path = row.path}), row.expected) << row.path;
    }
    const auto all = find_interpreter(tree, {.path = "/opt/conda/bin:/usr/bin"}, {});
    ASSERT_TRUE(all);
    EXPECT_EQ(all->others, std::vector{path("usr/bin/python3.11")});
}

TEST(Interpreter, PassesOverScriptsAndDeadLinks) {
    MemoryTree tree;
    add_glibc(tree);
    add_python(tree);
    tree.add_file("shims/python3", "#!/bin/sh\nexec python3\n", 0755);
    tree.add_symlink("dead/python3", "/nowhere/python3");
    EXPECT_EQ(found(tree, {.path = "/shims:/dead:/usr/bin"}), "3.11.2 usr usr x86_64 glibc 2.36");
    EXPECT_EQ(found(tree, {.python = path("shims/python3")}), "unsupported");
}

TEST(Interpreter, MayHaveAVersionedNameOnly) {
    MemoryTree tree;
    tree.add_file("usr/bin/python3.12", elf_program(c_string("3.12.3")), 0755);
    tree.add_file("usr/lib/python3.12/os.py", "");
    EXPECT_EQ(found(tree), "3.12.3 usr usr x86_64 ");
}

TEST(Interpreter, OfAVirtualEnvironmentKeepsItsPrefix) {
    MemoryTree tree;
    add_glibc(tree);
    add_python(tree);
    tree.add_symlink("opt/venv/bin/python3", "/usr/bin/python3");
    tree.add_file("opt/venv/pyvenv.cfg",
                  "home = /usr/bin\ninclude-system-site-packages = true\nversion = 3.11.2\n");
    const std::string expected = "3.11.2 opt/venv usr x86_64 glibc 2.36";
    EXPECT_EQ(found(tree, {.path = "/opt/venv/bin:/usr/bin"}), expected);
    EXPECT_EQ(found(tree, {.path = "/nowhere", .virtual_env = "/opt/venv"}), expected);
    EXPECT_EQ(found(tree, {.python = path("opt/venv")}), expected);
    EXPECT_EQ(found(tree, {.python = path("opt/venv/bin/python3")}), expected);
    const auto result = find_interpreter(tree, {.python = path("opt/venv")}, {});
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->chosen.is_venv);
    EXPECT_TRUE(result->chosen.system_site_packages);
    EXPECT_EQ(result->chosen.invoked, path("opt/venv/bin/python3"));
    EXPECT_EQ(result->chosen.executable, path("usr/bin/python3.11"));
}

TEST(Interpreter, OfAVirtualEnvironmentWithoutItsBaseIsKnownByItsFolders) {
    MemoryTree tree;
    tree.add_file("env/pyvenv.cfg", "home = /gone/bin\nversion_info = 3.12.1.final.0\n");
    tree.add_symlink("env/bin/python3", "/gone/bin/python3");
    tree.add_directory("env/lib/python3.12/site-packages");
    const auto result = find_interpreter(tree, {.python = path("env")}, {});
    ASSERT_TRUE(result) << result.error().render();
    EXPECT_EQ(result->chosen.full_version, "3.12.1");
    EXPECT_FALSE(result->chosen.has_base);
    const auto target = tag_target(result->chosen);
    ASSERT_FALSE(target);
    EXPECT_EQ(target.error().code(), ErrorCode::unsupported);
}

TEST(Interpreter, IsMissingWhereThereIsNone) {
    MemoryTree tree;
    tree.add_directory("usr/bin");
    EXPECT_EQ(found(tree), "not_found");
    EXPECT_EQ(found(tree, {.python = path("usr")}), "not_found");
    EXPECT_EQ(found(tree, {.python = path("gone")}), "not_found");
}

TEST(Interpreter, PatchLevelComesFromHeaderProgramLibraryOrDpkg) {
    MemoryTree header;
    header.add_file("usr/bin/python3", elf_program(), 0755);
    header.add_file("usr/lib/python3.11/os.py", "");
    header.add_file("usr/include/python3.11/patchlevel.h",
                    "#define PY_MAJOR_VERSION 3\n#define PY_VERSION      \t\"3.11.9+\"\n");
    EXPECT_EQ(found(header), "3.11.9 usr usr x86_64 ");

    MemoryTree library;
    library.add_file("usr/local/bin/python3.13t", elf_program(), 0755);
    library.add_symlink("usr/local/bin/python3", "python3.13t");
    library.add_file("usr/local/lib/python3.13t/os.py", "");
    library.add_file("usr/local/lib/libpython3.13t.so.1.0",
                     elf_program(c_string("3.13.99x") + c_string("3.13.0rc2")));
    EXPECT_EQ(found(library), "3.13.0rc2t usr/local usr/local x86_64 ");

    MemoryTree dpkg;
    add_python(dpkg, "usr", "3.11", "x");
    EXPECT_EQ(found(dpkg), "3.11 usr usr x86_64 ");
    dpkg.add_file("var/lib/dpkg/status",
                  "Package: python3.11\nVersion: 3.11.0-1\n\nPackage: python3.11-minimal\n"
                  "Status: install ok installed\nVersion: 3.11.2-6+deb12u6\n");
    EXPECT_EQ(found(dpkg), "3.11.2 usr usr x86_64 ");
}

TEST(Interpreter, CLibraryComesFromLoaderNameOrText) {
    struct Row {
        const char* loader;
        const char* file;   ///< what the loader's path links to
        const char* other;  ///< a further file
        std::string text;
        const char* expected;
    };
    const Row rows[] = {
        {"/lib64/ld-linux-x86-64.so.2", "usr/lib/ld-2.31.so", "usr/lib/x", "", "glibc 2.31"},
        {"/lib64/ld-linux-x86-64.so.2", "usr/lib/ld-linux-x86-64.so.2", "usr/lib/libc.so.6",
         "GNU C Library (GNU libc) stable release version 2.28.\n", "glibc 2.28"},
        {"/lib/ld-musl-x86_64.so.1", "usr/lib/ld-musl-x86_64.so.1", "lib/apk/db/installed",
         "P:musl-utils\nV:1.1.0-r0\n\nP:musl\nV:1.2.4-r2\n", "musl 1.2"},
        {"/lib64/ld-linux-x86-64.so.2", "usr/lib/ld-linux-x86-64.so.2", "usr/lib/x", "", ""},
    };
    for (const Row& row : rows) {
        MemoryTree tree;
        tree.add_file("usr/bin/python3.11", elf_program(c_string("3.11.2"), row.loader), 0755);
        tree.add_symlink("usr/bin/python3", "python3.11");
        tree.add_file("usr/lib/python3.11/os.py", "");
        tree.add_symlink(row.loader + 1, std::string("/") + row.file);
        tree.add_file(row.file, "");
        tree.add_file(row.other, row.text);
        EXPECT_EQ(found(tree), std::string("3.11.2 usr usr x86_64 ") + row.expected) << row.other;
    }
    MemoryTree musl;
    add_python(musl);
    musl.add_file("usr/bin/python3.11",
                  elf_program(c_string("3.11.2"), "/lib/ld-musl-aarch64.so.1", 183), 0755);
    musl.add_file("lib/ld-musl-aarch64.so.1", c_string("1.0") + c_string("1.2.5"));
    EXPECT_EQ(found(musl), "3.11.2 usr usr aarch64 musl 1.2");
}

TEST(Interpreter, HostileProgramHeadersAreNotFollowed) {
    for (std::size_t size = 4; size < 150; ++size) {
        MemoryTree tree;
        std::string program = elf_program().substr(0, size);
        if (program.size() > 56) {
            program[56] = '\xff';
            program[57] = '\xff';
        }
        tree.add_file("usr/bin/python3.11", program, 0755);
        tree.add_symlink("usr/bin/python3", "python3.11");
        const auto result = find_interpreter(tree, {}, {});
        EXPECT_EQ(result.has_value(), size >= 52) << size;
    }
}

TEST(TargetEnvironment, NamesWhatMarkersAndTagsNeed) {
    const auto python = described_interpreter("3.11.2", "x86_64", "glibc 2.36");
    ASSERT_TRUE(python);
    const auto environment = marker_environment(*python);
    EXPECT_EQ(environment.values.at("python_version"), "3.11");
    EXPECT_EQ(environment.values.at("python_full_version"), "3.11.2");
    EXPECT_EQ(environment.values.at("platform_python_implementation"), "CPython");
    EXPECT_EQ(environment.values.at("platform_machine"), "x86_64");
    EXPECT_EQ(environment.values.size(), 11u);
    const auto target = tag_target(*python);
    ASSERT_TRUE(target);
    EXPECT_EQ(*target, (packaging::TagTarget{.major = 3,
                                             .minor = 11,
                                             .machine = "x86_64",
                                             .libc = packaging::Libc::glibc,
                                             .libc_major = 2,
                                             .libc_minor = 36}));
    for (const char* const version : {"", "3", "3.x", "3.11.2 ", "three"}) {
        EXPECT_FALSE(described_interpreter(version, "x86_64", "glibc 2.36")) << version;
    }
    EXPECT_FALSE(described_interpreter("3.11", "x86_64", "uclibc 1.0"));
}

}  // namespace
}  // namespace envpack::env
