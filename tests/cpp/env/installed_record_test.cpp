#include "envpack/env/installed_record.hpp"

#include "envpack/archive/memory_tree.hpp"
#include "envpack/base/digest.hpp"

#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace envpack::env {
namespace {

/// The rules that the RECORD `text` breaks, in their order.
std::string broken(std::string_view text) {
    archive::MemoryTree tree;
    tree.add_file("site/m.py", "abc")
        .add_file("bin/tool", "tool")
        .add_symlink("site/link.py", "m.py")
        .add_symlink("site/nowhere.py", "gone")
        .add_directory("site/folder")
        .add_file("site/x-1.dist-info/RECORD", std::string(text));
    const auto mismatches =
        check_installed_record(tree, SafePath::parse("site/x-1.dist-info").value());
    std::string rules;
    for (const RecordMismatch& mismatch : mismatches.value()) {
        rules += (rules.empty() ? "" : " ") + mismatch.rule;
    }
    return rules;
}

TEST(InstalledRecord, EachRowIsComparedWithItsFile) {
    const std::string abc = Digest::of(as_bytes("abc")).base64url();
    const std::string tool = Digest::of(as_bytes("tool")).base64url();
    const struct {
        std::string record;
        const char* expected;
    } rows[] = {
        {"", ""},
        {fmt::format("m.py,sha256={},3\nx-1.dist-info/RECORD,,\n", abc), ""},
        {fmt::format("../bin/tool,sha256={},4\n/bin/tool,,\n", tool), ""},
        {fmt::format("link.py,sha256={},3\n", abc), ""},
        {"nowhere.py,,\n", ""},
        {"nowhere.py,,3\n", "record.no-regular"},
        {"folder,,\n", ""},
        {"folder,,0\n", "record.no-regular"},
        {fmt::format("m.py,sha256={},4\n", abc), "record.size"},
        {fmt::format("m.py,sha256={},\n", tool), "record.hash-mismatch"},
        {fmt::format("m.py,sha256={},3\ngone.py,,\n", tool), "record.hash-mismatch record.no-file"},
        {"gone.pyc,,\n__pycache__/m.cpython-311.pyc,,\n", ""},
        {"../../../../etc/passwd,,\n", "record.no-file"},
        {"m.py,md5=abc,3\n", "record.weak-hash"},
        {"m.py,,3\nm.py,,3\n", "record.duplicate-row"},
        {"\"m.py,,3\n", "record.csv"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(broken(row.record), row.expected) << row.record;
    }
}

TEST(InstalledRecord, AMismatchNamesTheLayerOfTheFile) {
    const auto path = [](const char* text) { return SafePath::parse(text).value(); };
    archive::MemoryTree tree;
    tree.add(path("site/below.py"), {.layer = 0}, "abc")
        .add(path("site/above.py"), {.layer = 2}, "abc")
        .add(path("site/link.py"),
             {.type = archive::FileType::symlink, .link_target = "below.py", .layer = 2})
        .add(path("site/x-1.dist-info/RECORD"), {.layer = 1},
             "below.py,,1\nabove.py,,1\nlink.py,,1\ngone.py,,1\nweak.pyc,md5=abc,1\n");
    const auto mismatches = check_installed_record(tree, path("site/x-1.dist-info"));
    std::string seen;
    for (const RecordMismatch& mismatch : mismatches.value()) {
        seen += fmt::format("{}:{}:{} ", mismatch.rule, mismatch.path,
                            mismatch.layer ? std::to_string(*mismatch.layer) : "none");
    }
    EXPECT_EQ(seen,
              "record.weak-hash::none record.size:below.py:0 record.size:above.py:2 "
              "record.size:link.py:0 record.no-file:gone.py:none ");
}

TEST(InstalledRecord, WithoutOneIsNotFound) {
    const archive::MemoryTree tree;
    EXPECT_EQ(check_installed_record(tree, SafePath::parse("x-1.dist-info").value()).error().code(),
              ErrorCode::not_found);
}

}  // namespace
}  // namespace envpack::env
