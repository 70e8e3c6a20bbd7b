#include "envpack/pipeline/build.hpp"

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/file.hpp"
#include "envpack/oci/layout_target.hpp"
#include "envpack/oci/push_image.hpp"
#include "envpack/pipeline/source.hpp"
#include "oci/images.hpp"
#include "support/temp_folder.hpp"
#include "support/wheel_builder.hpp"

#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::pipeline {
namespace {

namespace fs = std::filesystem;
using archive::FileInfo;
using archive::FileType;
using oci::test::file;
using oci::test::folder;
using oci::test::link;
using oci::test::must;

TEST(AddedPath, IsCutAtTheLastColon) {
    struct Row {
        const char* text;
        const char* source;  ///< nullptr: refused
        const char* destination;
    };
    const Row rows[] = {
        {"a:/b", "a", "/b"},  {"a:b:c/", "a:b", "c/"}, {"src:.", "src", "."}, {"a", nullptr, ""},
        {":/b", nullptr, ""}, {"a:", nullptr, ""},     {"", nullptr, ""},
    };
    for (const Row& row : rows) {
        const auto path = AddedPath::parse(row.text);
        ASSERT_EQ(path.has_value(), row.source != nullptr) << row.text;
        if (path) {
            EXPECT_EQ(path->source, row.source);
            EXPECT_EQ(path->destination, row.destination);
        } else {
            EXPECT_EQ(path.error().rule(), "add.destination");
        }
    }
}

TEST(BuildLayout, NamesComeBack) {
    for (const auto layout : {BuildLayout::venv, BuildLayout::system, BuildLayout::app_root}) {
        EXPECT_EQ(build_layout_named(to_string(layout)).value(), layout);
    }
    EXPECT_EQ(build_layout_named("approot").error().code(), ErrorCode::invalid_argument);
}

/// Files on a base without Python: usr-merged, with a sticky folder and links.
class AddTest : public testing::Test {
protected:
    AddTest() {
        const auto base = oci::test::image_of(
            {{folder("usr/lib"), folder("usr/bin"), folder("opt", 0750), folder("tmp", 01777),
              link("lib", "usr/lib"), link("bin", "/usr/bin"), file("usr/bin/tool", "tool", 0755),
              link("usr/bin/alias", "tool"), link("srv", "nowhere")}});
        const auto target = must(oci::LayoutTarget::open_or_create(scratch_ / "base"));
        must(oci::push_image(*base, *target, "latest", {}));
        user_.environment["ENVPACK_CACHE_DIR"] = (scratch_ / "cache").string();
    }

    BuildOptions options(std::vector<AddedPath> add) const {
        return {.output = "oci:" + (scratch_ / "out").string(),
                .base = "oci:" + (scratch_ / "base").string(),
                .add = std::move(add)};
    }

    /// Path, type, mode and owner of what lies over the base: "opt/x 0644 0:0".
    std::map<std::string, std::string> built(const BuildOptions& options) {
        const auto report = build(options, user_);
        if (!report) {
            return {{"error", std::string(report.error().rule())}};
        }
        layers_ = report->layers.size();
        digest_ = report->digest.to_string();
        const auto source = must(Source::parse(options.output));
        const auto open = must(
            open_source(source, [](const SafePath&, const FileInfo&) { return true; }, user_, {}));
        std::map<std::string, std::string> seen;
        std::vector<SafePath> pending{SafePath()};
        while (!pending.empty()) {
            const SafePath at = pending.back();
            pending.pop_back();
            for (const std::string& name : must(open.tree->list(at))) {
                const auto info = must(open.tree->lookup(at / name)).value();
                if (info.type == FileType::directory) {
                    pending.push_back(at / name);
                }
                if (info.layer.value_or(0) > 0) {
                    char text[64];
                    std::snprintf(text, sizeof text, "%04o %u:%u", static_cast<unsigned>(info.mode),
                                  static_cast<unsigned>(info.uid), static_cast<unsigned>(info.gid));
                    seen[(at / name).str()] =
                        info.type == FileType::symlink ? "-> " + info.link_target : text;
                }
            }
        }
        return seen;
    }

    test::TempFolder scratch_;
    UserConfig user_;
    std::size_t layers_ = 0;
    std::string digest_;
};

using Seen = std::map<std::string, std::string>;

TEST_F(AddTest, DestinationsAreThoseOfCopy) {
    const auto source = scratch_.write("prog", "text");
    fs::permissions(source, fs::perms(0750));
    struct Row {
        const char* destination;
        const char* path;
    };
    const Row rows[] = {
        {"/opt/x", "opt/x"},         {"/opt/x/", "opt/x/prog"},
        {"/opt", "opt/prog"},        {"/lib", "usr/lib/prog"},
        {"/lib/y/z", "usr/lib/y/z"}, {"/bin/prog", "usr/bin/prog"},
        {"rel", "opt/work/rel"},     {".", "opt/work/prog"},
        {"../rel", "opt/rel"},       {"/", "prog"},
        {"/opt/./a/../b", "opt/b"},  {"/tmp/a/.", "tmp/a/prog"},
    };
    for (const Row& row : rows) {
        BuildOptions wanted = options({{.source = source, .destination = row.destination}});
        wanted.working_dir = "/opt/work";
        const Seen seen = built(wanted);
        ASSERT_TRUE(seen.contains(row.path)) << row.destination << ": " << seen.begin()->first;
        EXPECT_EQ(seen.at(row.path), "0750 0:0");
    }
}

TEST_F(AddTest, NothingOfTheBaseIsReplaced) {
    const auto source = scratch_.write("prog", "text");
    struct Row {
        const char* destination;
        const char* rule;
    };
    const Row rows[] = {
        {"/usr/bin/tool", "layer.base-file"},   {"/usr/bin/alias", "layer.base-link"},
        {"/usr/bin/tool/x", "layer.base-type"}, {"/srv/x", "layer.base-link"},
        {"/opt/.wh.x", "layer.whiteout-name"},  {"/../x", "path.unsafe"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(built(options({{.source = source, .destination = row.destination}})),
                  (Seen{{"error", row.rule}}))
            << row.destination;
    }
    EXPECT_FALSE(fs::exists(scratch_ / "out"));
}

TEST_F(AddTest, AFolderBringsItsContentWithoutWhatIsMadeAgain) {
    scratch_.write("app/a.py", "a");
    scratch_.write("app/a.pyc", "old");
    scratch_.write("app/only.pyc", "module");
    scratch_.write("app/__pycache__/a.cpython-311.pyc", "code");
    scratch_.write("app/.git/config", "history");
    scratch_.write("app/sub/run.sh", "#!/bin/sh");
    fs::create_directory(scratch_ / "app/empty");
    fs::permissions(scratch_ / "app/empty", fs::perms(01700));
    fs::permissions(scratch_ / "app/sub/run.sh", fs::perms(04755));
    fs::create_symlink("../../etc/passwd", scratch_ / "app/sub/out");
    fs::create_symlink("app", scratch_ / "named");
    const Seen expected = {{"opt/app", "0755 0:0"},
                           {"opt/app/a.py", "0644 0:0"},
                           {"opt/app/empty", "1700 0:0"},
                           {"opt/app/only.pyc", "0644 0:0"},
                           {"opt/app/sub", "0755 0:0"},
                           {"opt/app/sub/run.sh", "0755 0:0"},
                           {"opt/app/sub/out", "-> ../../etc/passwd"}};
    for (const char* name : {"app", "named"}) {
        Seen seen = built(options({{.source = scratch_ / name, .destination = "/opt/app"}}));
        EXPECT_EQ(seen, expected) << name;
        EXPECT_EQ(layers_, 1U);
    }
    const std::string first = digest_;
    EXPECT_EQ(built(options({{.source = scratch_ / "app", .destination = "/opt/app/"}})), expected);
    EXPECT_EQ(digest_, first);
}

TEST_F(AddTest, SeveralSourcesMeet) {
    scratch_.write("a/x", "x");
    scratch_.write("b/y", "y");
    const auto more = scratch_.write("z", "z");
    EXPECT_EQ(built(options({{.source = scratch_ / "a", .destination = "/opt/d"},
                             {.source = scratch_ / "b", .destination = "/opt/d"},
                             {.source = more, .destination = "/opt/d"}})),
              (Seen{{"opt/d", "0755 0:0"},
                    {"opt/d/x", "0644 0:0"},
                    {"opt/d/y", "0644 0:0"},
                    {"opt/d/z", "0644 0:0"}}));
    EXPECT_EQ(built(options({{.source = scratch_ / "a", .destination = "/opt/d"},
                             {.source = more, .destination = "/opt/d/x"}})),
              (Seen{{"error", "plan.path-conflict"}}));
}

TEST_F(AddTest, AppRootIsOfUid1001AndGroup0) {
    scratch_.write("app/a.py", "a");
    const auto tool = scratch_.write("mine", "x");
    fs::permissions(tool, fs::perms(0700));
    BuildOptions wanted = options({{.source = scratch_ / "app", .destination = "."},
                                   {.source = tool, .destination = "/usr/local/bin/mine"}});
    wanted.layout = BuildLayout::app_root;
    EXPECT_EQ(built(wanted), (Seen{{"opt/app-root", "0775 1001:0"},
                                   {"opt/app-root/src", "0775 1001:0"},
                                   {"opt/app-root/src/a.py", "0664 1001:0"},
                                   {"usr/local", "0755 0:0"},
                                   {"usr/local/bin", "0755 0:0"},
                                   {"usr/local/bin/mine", "0770 1001:0"}}));
    const auto image = must(open_image(must(Source::parse(wanted.output)), user_, {}));
    const auto config = must(oci::config_of(*image));
    EXPECT_EQ(config.user, "1001");
    EXPECT_EQ(config.working_dir, "/opt/app-root/src");
    EXPECT_EQ(oci::env_value(config, "HOME"), "/opt/app-root/src");
    EXPECT_EQ(oci::env_value(config, "VIRTUAL_ENV"), std::nullopt);
    wanted.user = "1234:0";
    wanted.working_dir = "/srv2";
    must(build(wanted, user_));
    const auto other =
        must(oci::config_of(*must(open_image(must(Source::parse(wanted.output)), user_, {}))));
    EXPECT_EQ(other.user, "1234:0");
    EXPECT_EQ(other.working_dir, "/srv2");
}

TEST_F(AddTest, WhatDoesNotGoTogetherIsRefused) {
    EXPECT_EQ(build(options({}), user_).error().code(), ErrorCode::invalid_argument);
    BuildOptions libraries = options({});
    libraries.with_libs = true;
    EXPECT_EQ(build(libraries, user_).error().code(), ErrorCode::invalid_argument);
    BuildOptions prefix = options({{.source = scratch_ / "base", .destination = "/x"}});
    prefix.layout = BuildLayout::system;
    prefix.prefix = "/opt/x";
    EXPECT_EQ(build(prefix, user_).error().code(), ErrorCode::invalid_argument);
    EXPECT_EQ(build(options({{.source = scratch_ / "nowhere", .destination = "/x"}}), user_)
                  .error()
                  .code(),
              ErrorCode::not_found);
}

TEST_F(AddTest, SpecialFilesAreRefused) {
    fs::create_directory(scratch_ / "app");
    ASSERT_EQ(::mkfifo((scratch_ / "app/pipe").c_str(), 0600), 0);
    EXPECT_EQ(built(options({{.source = scratch_ / "app", .destination = "/opt/app"}})),
              (Seen{{"error", "add.special-file"}}));
    fs::remove(scratch_ / "app/pipe");
    scratch_.write("app/\xff", "x");
    EXPECT_EQ(built(options({{.source = scratch_ / "app", .destination = "/opt/app"}})),
              (Seen{{"error", "add.name"}}));
}

/// A Python 3.11 with a C library that tells its version.
oci::ImagePtr base_with_python() {
    const std::string site = "usr/lib/python3.11/site-packages/good-1.0.dist-info/";
    return oci::test::image_of(
        {{file("usr/bin/python3.11", must(read_file("/bin/true", 1u << 20)), 0755),
          link("usr/bin/python3", "python3.11"), file("usr/lib/python3.11/os.py", ""),
          file("lib64/ld-2.36.so", ""), link("lib64/ld-linux-x86-64.so.2", "ld-2.36.so"),
          file(site + "METADATA", "Metadata-Version: 2.1\nName: good\nVersion: 1.0\n")}});
}

// oci.md b: no timing of threads in what is written.
TEST(Build, DoesNotDependOnHowManyThreadsThereAre) {
    const test::TempFolder scratch;
    const auto target = must(oci::LayoutTarget::open_or_create(scratch.path() / "base"));
    must(oci::push_image(*base_with_python(), *target, "latest", {}));
    std::string lock = "lock-version = \"1.0\"\ncreated-by = \"tests\"\n";
    for (int i = 0; i < 8; ++i) {
        const std::string name = "demo" + std::to_string(i);
        test::WheelBuilder wheel(name);
        for (int module = 0; module < 20; ++module) {
            wheel.add(name + "/m" + std::to_string(module) + ".py",
                      std::string(5000, static_cast<char>('a' + module)));
        }
        if (i % 2 == 0) {  // a layer of its own
            wheel.add(name + "/lib.so", std::string(std::size_t{17} << 20, 'x'));
        }
        const std::string bytes = wheel.bytes();
        scratch.write(wheel.filename(), bytes);
        lock += "[[packages]]\nname = \"" + name + "\"\nversion = \"1.0\"\nwheels = [{name = \"" +
                wheel.filename() + "\", path = \"" + wheel.filename() +
                "\", hashes = {sha256 = \"" + Digest::of(as_bytes(bytes)).hex() + "\"}}]\n";
    }
    const auto input = scratch.write("pylock.toml", lock);
    UserConfig user;
    user.environment["ENVPACK_CACHE_DIR"] = (scratch.path() / "cache").string();
    std::map<std::string, std::vector<unsigned>> digests;
    for (const unsigned threads : {1U, 2U, 3U, 16U}) {
        const BuildOptions options{
            .input = input,
            .output = "oci:" + (scratch.path() / std::to_string(threads)).string(),
            .base = "oci:" + (scratch.path() / "base").string(),
            .no_cache = true};
        const auto report = build(options, user, {.max_parallel = threads});
        ASSERT_TRUE(report.has_value()) << report.error().render();
        EXPECT_EQ(report->layers.size(), 5u);
        digests[report->digest.to_string()].push_back(threads);
    }
    EXPECT_EQ(digests.size(), 1u);
}

}  // namespace
}  // namespace envpack::pipeline
