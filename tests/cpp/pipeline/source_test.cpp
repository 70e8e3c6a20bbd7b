#include "envpack/pipeline/source.hpp"

#include "envpack/base/file.hpp"
#include "envpack/pipeline/freeze.hpp"
#include "envpack/pipeline/user_config.hpp"

#include <string>

#include <gtest/gtest.h>

namespace envpack::pipeline {
namespace {

using Kind = Source::Kind;

struct Row {
    std::string text;
    Kind kind;
    std::string path;
    std::string tag;
};

TEST(Source, TransportsAreSpelledAsContainerToolsSpellThem) {
    const Row rows[] = {
        {"oci:base", Kind::oci_layout, "base", ""},
        {"oci:base:24.03-py3", Kind::oci_layout, "base", "24.03-py3"},
        {"oci-archive:a.tar", Kind::oci_archive, "a.tar", ""},
        {"oci-archive:/a/b.tar:docker.io/library/x:1", Kind::oci_archive, "/a/b.tar",
         "docker.io/library/x:1"},
        {"docker-archive:a.tar", Kind::docker_archive, "a.tar", ""},
        {"docker-archive:a.tar:r.example:5000/x:1", Kind::docker_archive, "a.tar",
         "r.example:5000/x:1"},
        {"docker-archive:a.tar:@1", Kind::docker_archive, "a.tar", "@1"},
        {"oci:/a/b:c/layout", Kind::oci_layout, "/a/b:c/layout", ""},
        {"oci:/a/b:c/layout:tag", Kind::oci_layout, "/a/b:c/layout", "tag"},
        {"dir:/srv/rootfs", Kind::root_file_system, "/srv/rootfs", ""},
        {"python:/usr/bin/python3", Kind::python, "/usr/bin/python3", ""},
        {"./venv", Kind::python, "./venv", ""},
        {".", Kind::python, "", ""},
        {"freeze:list.txt", Kind::freeze_text, "list.txt", ""},
        {"-", Kind::freeze_text, "-", ""},
    };
    for (const Row& row : rows) {
        const auto source = Source::parse(row.text);
        ASSERT_TRUE(source) << row.text;
        EXPECT_EQ(source->kind, row.kind) << row.text;
        EXPECT_EQ(source->path, row.path) << row.text;
        EXPECT_EQ(source->tag, row.tag) << row.text;
        EXPECT_EQ(source->text, row.text);
    }
}

TEST(Source, WhatCannotBeReadSaysWhatToDo) {
    for (const char* text : {"docker://debian:12", "docker-daemon:x:y", "containers-storage:x"}) {
        const auto source = Source::parse(text);
        ASSERT_FALSE(source) << text;
        EXPECT_EQ(source.error().code(), ErrorCode::unsupported);
        EXPECT_NE(source.error().hint().find("skopeo copy"), std::string_view::npos);
    }
    EXPECT_EQ(Source::parse("no-such-name-here").error().code(), ErrorCode::not_found);
    EXPECT_EQ(Source::parse("oci:").error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(Source::parse("dir:").error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(Source::parse("oci-archive::tag").error().code(), ErrorCode::invalid_argument);
}

TEST(UserConfig, TheCacheFollowsTheBaseDirectorySpecification) {
    UserConfig user{.environment = {{"HOME", "/home/u"}}};
    EXPECT_EQ(user.cache_directory(), "/home/u/.cache/envpack");
    user.environment["XDG_CACHE_HOME"] = "relative";
    EXPECT_EQ(user.cache_directory(), "/home/u/.cache/envpack");
    user.environment["XDG_CACHE_HOME"] = "/var/cache/u";
    EXPECT_EQ(user.cache_directory(), "/var/cache/u/envpack");
    user.environment["ENVPACK_CACHE_DIR"] = "/own";
    EXPECT_EQ(user.cache_directory(), "/own");
}

TEST(UserConfig, SourceDateEpochIsAbsentOrValid) {
    EXPECT_EQ(*UserConfig().source_date_epoch(), std::nullopt);
    const UserConfig good{.environment = {{"SOURCE_DATE_EPOCH", "1700000000"}}};
    EXPECT_EQ(*good.source_date_epoch(), 1700000000);
    const UserConfig bad{.environment = {{"SOURCE_DATE_EPOCH", "yesterday"}}};
    EXPECT_EQ(bad.source_date_epoch().error().code(), ErrorCode::invalid_argument);
}

TEST(Freeze, ATextNeedsNoInterpreter) {
    const TemporaryDirectory folder = *TemporaryDirectory::create(testing::TempDir());
    const auto path = folder.path() / "list.txt";
    ASSERT_TRUE(write_file(path, "Package    Version\n---------- -------\nNumPy      1.26.4\n"));
    const auto inventory = freeze({.source = "freeze:" + path.string()}, UserConfig());
    ASSERT_TRUE(inventory) << inventory.error().render();
    ASSERT_EQ(inventory->packages.size(), 1U);
    EXPECT_EQ(inventory->packages[0].name.str(), "numpy");
}

}  // namespace
}  // namespace envpack::pipeline
