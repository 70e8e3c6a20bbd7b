#include "envpack/wheel/venv_layers.hpp"

#include "envpack/packaging/record.hpp"
#include "support/host_python.hpp"
#include "support/planned_tree.hpp"
#include "support/temp_folder.hpp"
#include "support/wheel_builder.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::wheel {
namespace {

namespace fs = std::filesystem;
using test::HostPython;
using test::TempFolder;
using test::WheelBuilder;
using Groups = std::vector<DistributionFiles>;

const std::string interpreter = "/usr/bin/python3.11";
const std::string site = "lib/python3.11/site-packages/";
const std::string new_site = "opt/venv/" + site;

/// An environment with two distributions, as venv and pip leave it.
class FakeVenv {
public:
    FakeVenv() {
        const std::string prefix = path().string();
        fs::create_directories(path() / "include");
        write("pyvenv.cfg",
              "home = /home/u/python/bin\ninclude-system-site-packages = false\n"
              "version = 3.11.7\nexecutable = /home/u/python/bin/python3.11\n"
              "command = /home/u/python/bin/python3 -m venv " +
                  prefix + "\n");
        write("bin/activate", "VIRTUAL_ENV='" + prefix + "'\nPATH=\"" + prefix +
                                  "/bin:$PATH\"\n"
                                  "OTHER=" +
                                  prefix + "-other\n");
        link("bin/python", "/home/u/python/bin/python3.11");
        link("bin/python3", "python");
        link("lib64", "lib");
        write("share/jupyter/kernels/demo/kernel.json",
              "{\"argv\": [\"" + prefix + "/bin/python\"]}\n");

        write(site + "demo/__init__.py", "x = 1\n");
        write(site + "demo/old.py", "");
        write(site + "demo/old.pyc", "");
        write(site + "demo/sourceless.pyc", "");
        write(site + "demo/__pycache__/__init__.cpython-311.pyc", "");
        command("bin/demo", "#!" + prefix + "/bin/python3\nimport demo\n");
        write(info("demo", "METADATA"), "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n");
        write(info("demo", "uv_cache.json"), "{}");  // not listed in RECORD
        write(info("demo", "RECORD"),
              WheelBuilder::record_row("demo/__init__.py", "x = 0\n") +  // edited since
                  "demo/__pycache__/__init__.cpython-311.pyc,,\n" +
                  WheelBuilder::record_row("demo/old.py", "") +
                  WheelBuilder::record_row("../../../bin/demo", "old") +
                  WheelBuilder::record_row("../../../lib64/python3.11/site-packages/demo/"
                                           "sourceless.pyc",
                                           "old") +
                  WheelBuilder::record_row("demo-1.0.dist-info/METADATA", "") +
                  WheelBuilder::record_row("demo/gone.py", "") +
                  WheelBuilder::record_row("../../../../elsewhere", "") +
                  "demo-1.0.dist-info/RECORD,,\n");
        write(site + "other.py", "");
        write(info("Other", "METADATA"), "Metadata-Version: 2.1\nName: Other\nVersion: 1.0\n");
        write(info("Other", "RECORD"),
              "other.py,,\nOther-1.0.dist-info/METADATA,,\n"
              "Other-1.0.dist-info/RECORD,,\n");
    }

    fs::path path() const { return folder_.path() / "old"; }
    static std::string info(const std::string& name, const std::string& file) {
        return site + name + "-1.0.dist-info/" + file;
    }
    void write(const std::string& name, std::string_view text) const {
        folder_.write("old/" + name, text);
    }
    void command(const std::string& name, std::string_view text) const {
        write(name, text);
        fs::permissions(path() / name, fs::perms::owner_all);
    }
    void link(const std::string& name, const std::string& target) const {
        fs::create_directories((path() / name).parent_path());
        fs::create_symlink(target, path() / name);
    }
    Result<Groups> split(const SplitOptions& options = {}) const {
        return split_venv(path(), SafePath::parse("opt/venv").value(), interpreter, options);
    }

private:
    TempFolder folder_;
};

std::map<std::string, std::string> all(const Groups& groups) {
    std::map<std::string, std::string> found;
    for (const DistributionFiles& group : groups) {
        found.merge(test::shown(group.entries));
    }
    return found;
}

TEST(SplitVenv, DealsFilesOutByRecord) {
    const FakeVenv venv;
    const auto groups = venv.split();
    ASSERT_TRUE(groups.has_value()) << groups.error().render();
    ASSERT_EQ(groups->size(), 3u);
    EXPECT_EQ(groups->at(0).name, "demo");
    EXPECT_EQ(groups->at(0).version, "1.0");
    EXPECT_EQ(groups->at(1).name, "other");
    EXPECT_EQ(groups->at(2).name, "");

    std::vector<std::string> demo;
    for (const archive::PlannedEntry& entry : groups->at(0).entries) {
        demo.push_back(entry.path.str());
    }
    EXPECT_EQ(demo, (std::vector<std::string>{
                        "opt/venv/bin/demo",
                        new_site + "demo-1.0.dist-info/METADATA",
                        new_site + "demo-1.0.dist-info/RECORD",
                        new_site + "demo-1.0.dist-info/uv_cache.json",
                        new_site + "demo/__init__.py",
                        new_site + "demo/old.py",
                        new_site + "demo/sourceless.pyc",
                    }));
    EXPECT_EQ(groups->at(1).entries.size(), 3u);
}

TEST(SplitVenv, WhatTheBaseHasIsLeftOut) {
    const FakeVenv venv;
    // A file of both: the one that stays keeps it.
    venv.write(FakeVenv::info("Other", "RECORD"),
               "other.py,,\ndemo/__init__.py,,\nOther-1.0.dist-info/RECORD,,\n");
    const auto groups = venv.split({.of_base = {packaging::PackageName::parse("Demo").value()}});
    ASSERT_TRUE(groups.has_value()) << groups.error().render();
    ASSERT_EQ(groups->size(), 2u);
    EXPECT_EQ(groups->at(0).name, "other");
    const auto other = test::shown(groups->at(0).entries);
    EXPECT_TRUE(other.contains(new_site + "demo/__init__.py"));
    const auto files = all(*groups);
    EXPECT_FALSE(files.contains("opt/venv/bin/demo"));
    EXPECT_FALSE(files.contains(new_site + "demo-1.0.dist-info/METADATA"));
    EXPECT_NE(files.at("opt/venv/pyvenv.cfg").find("include-system-site-packages = true\n"),
              std::string::npos);
    EXPECT_EQ(files.at("opt/venv/pyvenv.cfg").find("include-system-site-packages = false"),
              std::string::npos);
}

TEST(SplitVenv, TestsStayUnlessTheyAreNotWanted) {
    const FakeVenv venv;
    for (const char* const name : {"other/tests/x.py", "tests/y.py", "other/test/z.py",
                                   "other/testing/w.py", "other/tests.py"}) {
        venv.write(site + name, "");
    }
    venv.write("tests/of_the_environment.py", "");
    const auto kept = [](const Result<Groups>& groups) {
        std::string names;
        for (const auto& [path, text] : all(groups.value())) {
            if (path.find("test") != std::string::npos) {
                names += path.substr(path.rfind('/') + 1) + " ";
            }
        }
        return names;
    };
    EXPECT_EQ(kept(venv.split()), "z.py w.py tests.py x.py y.py of_the_environment.py ");
    EXPECT_EQ(kept(venv.split({.tests = false})), "z.py w.py tests.py of_the_environment.py ");
}

TEST(SplitVenv, CachesAreLeftOut) {
    const FakeVenv venv;
    const std::string tag = "Signature: 8a477f597d28d172789f06886806bc55\n# made by a test\n";
    venv.write("CACHEDIR.TAG", tag);  // as uv marks a whole environment
    venv.write(".cache/pip/http/x", "x");
    venv.write("pkgs/urls.txt", "");
    venv.write("pkgs/numpy/x", "x");
    venv.write("share/uv/CACHEDIR.TAG", tag);
    venv.write("share/uv/wheels/x", "x");
    venv.write("share/no-cache/CACHEDIR.TAG", "Signature: something else, as long as the other");
    venv.write("share/pkgs/here.txt", "x");
    const auto files = all(venv.split().value());
    for (const char* const name :
         {"CACHEDIR.TAG", "share/no-cache/CACHEDIR.TAG", "share/pkgs/here.txt"}) {
        EXPECT_TRUE(files.contains(std::string("opt/venv/") + name)) << name;
    }
    for (const auto& [path, text] : files) {
        EXPECT_FALSE(path.ends_with("/x") || path.ends_with("urls.txt")) << path;
        EXPECT_FALSE(path.starts_with("opt/venv/share/uv")) << path;
    }
}

TEST(SplitVenv, RewritesEverythingThatNamesTheOldPlace) {
    const FakeVenv venv;
    const auto groups = venv.split();
    ASSERT_TRUE(groups.has_value()) << groups.error().render();
    const std::string old = venv.path().string();
    const std::map<std::string, std::string> expected = {
        {"opt/venv/bin/activate",
         "0644 VIRTUAL_ENV='/opt/venv'\nPATH=\"/opt/venv/bin:$PATH\"\nOTHER=" + old + "-other\n"},
        {"opt/venv/bin/python", "-> /usr/bin/python3.11"},
        {"opt/venv/bin/python3", "-> python"},
        {"opt/venv/include", "/"},
        {"opt/venv/lib64", "-> lib"},
        {"opt/venv/pyvenv.cfg",
         "0644 home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.7\n"
         "executable = /usr/bin/python3.11\n"},
        {"opt/venv/share/jupyter/kernels/demo/kernel.json",
         "0644 {\"argv\": [\"/opt/venv/bin/python\"]}\n"},
    };
    EXPECT_EQ(test::shown(groups->back().entries), expected);
    EXPECT_EQ(all(*groups).at("opt/venv/bin/demo"), "0755 #!/opt/venv/bin/python3\nimport demo\n");
}

TEST(SplitVenv, RecordDescribesTheImage) {
    const FakeVenv venv;
    const auto groups = venv.split();
    ASSERT_TRUE(groups.has_value()) << groups.error().render();
    const auto files = all(*groups);
    const auto text = [&](const std::string& path) { return files.at(path).substr(5); };
    EXPECT_EQ(text(new_site + "demo-1.0.dist-info/RECORD"),
              WheelBuilder::record_row("../../../bin/demo", text("opt/venv/bin/demo")) +
                  WheelBuilder::record_row(
                      "../../../lib64/python3.11/site-packages/demo/sourceless.pyc", "") +
                  WheelBuilder::record_row("demo-1.0.dist-info/METADATA",
                                           text(new_site + "demo-1.0.dist-info/METADATA")) +
                  "demo-1.0.dist-info/RECORD,,\n" +
                  WheelBuilder::record_row("demo/__init__.py", "x = 1\n") +
                  WheelBuilder::record_row("demo/old.py", ""));
    ASSERT_EQ(groups->at(0).notes.size(), 1u);
    EXPECT_EQ(groups->at(0).notes[0], "2 files that RECORD lists are not in the environment");
    for (const DistributionFiles& group : *groups) {
        for (const archive::PlannedEntry& entry : group.entries) {
            if (entry.type == archive::FileType::regular) {
                EXPECT_EQ(entry.sha256, Digest::of(as_bytes(test::text_of(entry.content))))
                    << entry.path.str();
            }
        }
    }
}

TEST(SplitVenv, EditableInstallsAreReportedAndTheirUrlLeftOut) {
    const FakeVenv venv;
    venv.write(FakeVenv::info("demo", "direct_url.json"),
               "{\"url\":\"file:///home/u/demo\",\"dir_info\":{\"editable\":true}}");
    venv.write(site + "__editable__.demo.pth", "/home/u/demo/src\n");
    venv.write(site + "inside.pth", venv.path().string() + "/src\n");
    const auto groups = venv.split();
    ASSERT_TRUE(groups.has_value()) << groups.error().render();
    const auto files = all(*groups);
    EXPECT_FALSE(files.contains(new_site + "demo-1.0.dist-info/direct_url.json"));
    EXPECT_EQ(files.at(new_site + "inside.pth"), "0644 /opt/venv/src\n");
    EXPECT_EQ(groups->front().notes.back(),
              "an editable install of `file:///home/u/demo`: that folder is not part of the image");
    ASSERT_EQ(groups->back().notes.size(), 1u);
    EXPECT_NE(groups->back().notes[0].find("/home/u/demo/src"), std::string::npos);
}

TEST(SplitVenv, UrlOfAnIndexOrRepositoryIsKept) {
    const FakeVenv venv;
    const std::string json = "{\"url\":\"https://index.example/demo-1.0.whl\",\"archive_info\":{}}";
    venv.write(FakeVenv::info("demo", "direct_url.json"), json);
    const auto groups = venv.split();
    ASSERT_TRUE(groups.has_value()) << groups.error().render();
    EXPECT_EQ(all(*groups).at(new_site + "demo-1.0.dist-info/direct_url.json"), "0644 " + json);
}

TEST(SplitVenv, CopiedInterpreterBecomesALink) {
    const FakeVenv venv;
    fs::remove(venv.path() / "bin/python");
    venv.command("bin/python",
                 "\x7f"
                 "ELF");
    const auto groups = venv.split();
    ASSERT_TRUE(groups.has_value()) << groups.error().render();
    EXPECT_EQ(all(*groups).at("opt/venv/bin/python"), "-> /usr/bin/python3.11");
}

TEST(SplitVenv, LinksStayInsideOrFail) {
    struct Row {
        std::string name, target, expected;  // empty: refused
    };
    for (const Row& row : std::vector<Row>{
             {"a", "lib", "-> lib"},
             {"share/x", "../lib/y", "-> ../lib/y"},
             {"absolute", "@/lib", "-> /opt/venv/lib"},
             {"bin/python3.11", "/anywhere/python3.11", "-> /usr/bin/python3.11"},
             {"bin/python3.13t", "../../out", "-> /usr/bin/python3.11"},
             {"bin/tool", "/usr/bin/tool", ""},
             {"out", "../out", ""},
             {"share/python", "/usr/bin/python3", ""},
             {"prefix", "@-other/lib", ""},
         }) {
        const FakeVenv venv;
        std::string target = row.target;
        if (target.starts_with('@')) {
            target.replace(0, 1, venv.path().string());
        }
        venv.link(row.name, target);
        const auto groups = venv.split();
        if (row.expected.empty()) {
            ASSERT_FALSE(groups.has_value()) << row.name;
            EXPECT_EQ(groups.error().rule(), "venv.symlink-escape") << groups.error().render();
        } else {
            ASSERT_TRUE(groups.has_value()) << groups.error().render();
            EXPECT_EQ(all(*groups).at("opt/venv/" + row.name), row.expected);
        }
    }
}

TEST(SplitVenv, ScriptsOfAllKindsAreMoved) {
    struct Row {
        std::string before, after;  // @ is the old prefix, = the same
    };
    for (const Row& row : std::vector<Row>{
             {"#!@/bin/python\nx\n", "#!/opt/venv/bin/python\nx\n"},
             {"#!@/bin/python -E\nx\n", "#!/opt/venv/bin/python -E\nx\n"},
             {"#!/bin/sh\n'''exec' \"@/bin/python3\" \"$0\" \"$@\"\n' '''\nx\n",
              "#!/opt/venv/bin/python3\nx\n"},
             {"#!/usr/bin/env python\n", "="},
             {"#!/bin/sh\necho @\n", "="},
             {"#!/usr/bin/python3\n", "="},
             {"binary @/bin/python", "="},
         }) {
        const FakeVenv venv;
        const auto placed = [&](std::string text) {
            for (std::size_t at = 0; (at = text.find("@/")) != std::string::npos;) {
                text.replace(at, 1, venv.path().string());
            }
            return text;
        };
        venv.command("bin/x", placed(row.before));
        const auto groups = venv.split();
        ASSERT_TRUE(groups.has_value()) << groups.error().render();
        EXPECT_EQ(all(*groups).at("opt/venv/bin/x"),
                  "0755 " + (row.after == "=" ? placed(row.before) : row.after));
    }
}

TEST(SplitVenv, WhatIsNoEnvironmentIsRefused) {
    struct Row {
        std::string_view rule;
        ErrorCode code;
        void (*spoil)(const FakeVenv&);
    };
    for (const Row& row : std::vector<Row>{
             {"", ErrorCode::not_found,
              [](const FakeVenv& venv) { fs::remove(venv.path() / "pyvenv.cfg"); }},
             {"", ErrorCode::not_found, [](const FakeVenv& venv) { fs::remove_all(venv.path()); }},
             {"venv.special-file", ErrorCode::invalid_argument,
              [](const FakeVenv& venv) { ::mkfifo((venv.path() / "pipe").c_str(), 0600); }},
             {"wheel.whiteout-name", ErrorCode::invalid_argument,
              [](const FakeVenv& venv) { venv.write(site + ".wh.numpy", ""); }},
         }) {
        const FakeVenv venv;
        row.spoil(venv);
        const auto groups = venv.split();
        ASSERT_FALSE(groups.has_value());
        EXPECT_EQ(groups.error().code(), row.code) << groups.error().render();
        EXPECT_EQ(groups.error().rule(), row.rule);
    }
}

TEST(SplitVenv, RealEnvironmentWorksInItsNewPlace) {
    const auto python = HostPython::find();
    if (!python) {
        GTEST_SKIP() << "no python3 with venv and pip >= 22.3 on this machine";
    }
    const TempFolder folder;
    WheelBuilder builder("demo", "1.0");
    builder.add("demo/__init__.py", "import sys\n\ndef main():\n    print(sys.prefix)\n")
        .add(builder.data("scripts/script"), "#!python\nimport demo\ndemo.main()\n", true)
        .entry_points("[console_scripts]\ncommand = demo:main\n");
    builder.write(folder.path());
    const std::string old = folder / "old";
    ASSERT_EQ(test::output_of({python->executable, "-m", "venv", "--without-pip", old}), "");
    const std::string answer = HostPython::pip(
        old, {"install", "--no-index", "--no-deps", "--find-links", folder.path(), "demo"});
    ASSERT_FALSE(answer.starts_with('<')) << answer;
    ASSERT_EQ(test::output_of({old + "/bin/command"}), old);

    const std::string moved = folder / "moved";
    const auto groups = split_venv(old, SafePath::normalize(moved).value(), python->executable);
    ASSERT_TRUE(groups.has_value()) << groups.error().render();
    ASSERT_EQ(groups->size(), 2u);
    for (const DistributionFiles& group : *groups) {
        test::write_entries(group.entries, "/");
        EXPECT_TRUE(group.notes.empty());
    }
    fs::remove_all(old);
    for (const auto& [path, what] : test::shown(fs::path(moved))) {
        EXPECT_EQ(what.find(old + "/"), std::string::npos) << path;
    }
    EXPECT_EQ(test::output_of({moved + "/bin/command"}), moved);
    EXPECT_EQ(test::output_of({moved + "/bin/script"}), moved);
    EXPECT_EQ(HostPython::pip(moved, {"check"}), "No broken requirements found.");
    const std::string gone = HostPython::pip(moved, {"uninstall", "--yes", "demo"});
    EXPECT_FALSE(gone.starts_with('<')) << gone;
    EXPECT_FALSE(fs::exists(fs::path(moved) / "bin/command"));
}

}  // namespace
}  // namespace envpack::wheel
