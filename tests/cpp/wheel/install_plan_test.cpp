#include "envpack/wheel/install_plan.hpp"

#include "support/planned_tree.hpp"
#include "support/temp_folder.hpp"
#include "support/wheel_builder.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::wheel {
namespace {

using test::TempFolder;
using test::WheelBuilder;

const std::string site = "opt/venv/lib/python3.11/site-packages/";

InstallScheme scheme() {
    return venv_scheme(SafePath::parse("opt/venv").value(), 3, 11).value();
}

Result<InstallPlan> plan_of(const WheelBuilder& builder, const InstallOptions& options = {},
                            const InstallScheme& where = scheme()) {
    const TempFolder folder;
    ENVPACK_TRY(const WheelArchive wheel, WheelArchive::open(builder.write(folder.path())));
    return plan_install(wheel, where, options);  // the mapping outlives the removed file
}

std::string rule_of(const Result<InstallPlan>& plan) {
    return plan ? "planned" : std::string(plan.error().rule());
}

TEST(VenvScheme, IsPipsForAVirtualEnvironment) {
    const InstallScheme found = scheme();
    EXPECT_EQ(found.purelib.str() + "/", site);
    EXPECT_EQ(found.platlib, found.purelib);
    EXPECT_EQ(found.scripts.str(), "opt/venv/bin");
    EXPECT_EQ(found.data.str(), "opt/venv");
    EXPECT_EQ(found.headers.str(), "opt/venv/include/site/python3.11");
    EXPECT_EQ(found.interpreter, "/opt/venv/bin/python");
    EXPECT_FALSE(venv_scheme(SafePath(), 3, 11).has_value());
}

TEST(InstallPlan, EveryPartGoesToItsPlaceWithItsMode) {
    WheelBuilder builder;
    builder.add("demo/__init__.py", "x = 1\n")
        .add("demo/run.sh", "#!/bin/sh\n", true)
        .add(builder.data("purelib/pure.py"), "")
        .add(builder.data("platlib/demo/_native.so"),
             "\x7f"
             "ELF",
             true)
        .add(builder.data("scripts/tool"), "#!python\nprint()\n")
        .add(builder.data("scripts/binary"),
             "\x7f"
             "ELF")
        .add(builder.data("data/share/demo/a.txt"), "a")
        .add(builder.data("headers/demo.h"), "")
        .add("demo-1.0.dist-info/licenses/LICENSE", "free");
    const auto plan = plan_of(builder);
    ASSERT_TRUE(plan.has_value()) << plan.error().render();

    std::map<std::string, std::string> found = test::shown(plan->entries);
    const std::string info = site + "demo-1.0.dist-info/";
    for (const char* name : {"METADATA", "WHEEL", "RECORD"}) {
        EXPECT_TRUE(found.erase(info + name) == 1) << name;
    }
    const std::map<std::string, std::string> expected = {
        {site + "demo/__init__.py", "0644 x = 1\n"},
        {site + "demo/run.sh", "0755 #!/bin/sh\n"},
        {site + "demo/_native.so",
         "0755 \x7f"
         "ELF"},
        {site + "pure.py", "0644 "},
        {"opt/venv/bin/tool", "0755 #!/opt/venv/bin/python\nprint()\n"},
        {"opt/venv/bin/binary",
         "0755 \x7f"
         "ELF"},
        {"opt/venv/share/demo/a.txt", "0644 a"},
        {"opt/venv/include/site/python3.11/demo/demo.h", "0644 "},
        {info + "licenses/LICENSE", "0644 free"},
        {info + "INSTALLER", "0644 envpack\n"},
    };
    EXPECT_EQ(found, expected);
    EXPECT_EQ(plan->dist_info.str() + "/", info);
    EXPECT_TRUE(std::ranges::is_sorted(plan->entries, {}, &archive::PlannedEntry::path));
    for (const archive::PlannedEntry& entry : plan->entries) {
        EXPECT_EQ(entry.sha256, Digest::of(as_bytes(test::text_of(entry.content))))
            << entry.path.str();
    }
}

TEST(InstallPlan, UnchangedBytesStayDeflated) {
    WheelBuilder builder;
    builder.add("demo/big.bin", std::string(200'000, 'x'));
    const auto plan = plan_of(builder);
    ASSERT_TRUE(plan.has_value());
    const auto* const entry = test::find_entry(plan->entries, site + "demo/big.bin");
    ASSERT_NE(entry, nullptr);
    EXPECT_NE(entry->content.deflated(), nullptr);
}

TEST(InstallPlan, PlatlibIsTheRootUnlessTheWheelIsPure) {
    InstallScheme where = scheme();
    where.platlib = SafePath::parse("usr/lib64/python3.11/site-packages").value();
    WheelBuilder builder;
    builder.add("demo.py", "").add(builder.data("purelib/pure.py"), "");
    builder.add(builder.dist_info("WHEEL"),
                "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\n");
    const auto plan = plan_of(builder, {}, where);
    ASSERT_TRUE(plan.has_value()) << plan.error().render();
    EXPECT_EQ(plan->dist_info.str(), "usr/lib64/python3.11/site-packages/demo-1.0.dist-info");
    const auto found = test::shown(plan->entries);
    EXPECT_TRUE(found.contains("usr/lib64/python3.11/site-packages/demo.py"));
    const std::string& record = found.at(plan->dist_info.str() + "/RECORD");
    EXPECT_TRUE(
        record.starts_with("0644 ../../../../opt/venv/lib/python3.11/site-packages/pure.py,"))
        << record;
}

TEST(InstallPlan, RecordIsSortedAndCoversWhatWasGenerated) {
    WheelBuilder builder;
    builder.add("demo.py", "x").entry_points("[console_scripts]\ndemo = demo:main\n");
    const auto plan = plan_of(builder, {.requested = true});
    ASSERT_TRUE(plan.has_value()) << plan.error().render();
    const auto files = test::shown(plan->entries);
    std::string expected;
    const auto row = [&](std::string_view name, std::string_view path) {
        const std::string text = files.at(std::string(path)).substr(5);
        expected += WheelBuilder::record_row(name, text);
    };
    row("../../../bin/demo", "opt/venv/bin/demo");
    row("demo-1.0.dist-info/INSTALLER", site + "demo-1.0.dist-info/INSTALLER");
    row("demo-1.0.dist-info/METADATA", site + "demo-1.0.dist-info/METADATA");
    expected += "demo-1.0.dist-info/RECORD,,\n";
    row("demo-1.0.dist-info/REQUESTED", site + "demo-1.0.dist-info/REQUESTED");
    row("demo-1.0.dist-info/WHEEL", site + "demo-1.0.dist-info/WHEEL");
    row("demo-1.0.dist-info/entry_points.txt", site + "demo-1.0.dist-info/entry_points.txt");
    row("demo.py", site + "demo.py");
    EXPECT_EQ(files.at(site + "demo-1.0.dist-info/RECORD"), "0644 " + expected);
}

TEST(InstallPlan, OnlyTheOptionsDecideAboutInstallerFiles) {
    WheelBuilder builder;
    for (const char* name : {"INSTALLER", "REQUESTED", "direct_url.json"}) {
        builder.add(builder.dist_info(name), "from the wheel");
    }
    const std::string info = site + "demo-1.0.dist-info/";
    const auto plain = plan_of(builder);
    ASSERT_TRUE(plain.has_value()) << plain.error().render();
    auto found = test::shown(plain->entries);
    EXPECT_EQ(found.at(info + "INSTALLER"), "0644 envpack\n");
    EXPECT_FALSE(found.contains(info + "REQUESTED"));
    EXPECT_FALSE(found.contains(info + "direct_url.json"));
    EXPECT_EQ(plain->notes.size(), 2u);

    const auto full =
        plan_of(builder, {.installer = "pip", .requested = true, .direct_url = "{\"url\":\"x\"}"});
    found = test::shown(full->entries);
    EXPECT_EQ(found.at(info + "INSTALLER"), "0644 pip\n");
    EXPECT_EQ(found.at(info + "REQUESTED"), "0644 ");
    EXPECT_EQ(found.at(info + "direct_url.json"), "0644 {\"url\":\"x\"}");
    EXPECT_FALSE(
        test::shown(plan_of(builder, {.installer = ""})->entries).contains(info + "INSTALLER"));
}

TEST(InstallPlan, CommandsAreGeneratedForEntryPoints) {
    WheelBuilder builder;
    builder.add("demo.py", "")
        .add(builder.data("scripts/demo"), "#!python\nfrom the wheel\n")
        .entry_points(
            "[console_scripts]\ndemo = demo.cli:App.main [extra]\n"
            "[gui_scripts]\ndemo-gui = demo:gui\n[other]\nx = y\n");
    const auto plan = plan_of(builder);
    ASSERT_TRUE(plan.has_value()) << plan.error().render();
    const auto found = test::shown(plan->entries);
    EXPECT_EQ(found.at("opt/venv/bin/demo"),
              "0755 #!/opt/venv/bin/python\n"
              "# Generated at installation for the entry point demo.cli:App.main\n"
              "import sys\n"
              "\n"
              "from demo.cli import App\n"
              "\n"
              "if __name__ == \"__main__\":\n"
              "    sys.exit(App.main())\n");
    EXPECT_TRUE(found.contains("opt/venv/bin/demo-gui"));
    EXPECT_FALSE(found.contains("opt/venv/bin/x"));
}

TEST(InstallPlan, PipGetsTheCommandsOfTheTargetPython) {
    WheelBuilder builder("pip", "23.2.1");
    builder.entry_points(
        "[console_scripts]\npip = pip:main\npip3 = pip:main\npip3.9 = pip:main\n"
        "pipx = pip:other\n");
    const auto plan = plan_of(builder);
    ASSERT_TRUE(plan.has_value()) << plan.error().render();
    std::vector<std::string> commands;
    for (const archive::PlannedEntry& entry : plan->entries) {
        if (entry.path.parent().str() == "opt/venv/bin") {
            commands.emplace_back(entry.path.name());
        }
    }
    EXPECT_EQ(commands, (std::vector<std::string>{"pip", "pip3", "pip3.11", "pipx"}));
}

TEST(InstallPlan, StartUpHooksAreFoundAndLeftOutFilesNoted) {
    WheelBuilder builder;
    builder.add("demo.pth", "import demo\n")
        .add("path.pth", "# import\nfolder\n")
        .add(".hidden.pth", "import os\n")
        .add("sitecustomize.py", "")
        .add("sitecustomize_not.py", "")
        .add("usercustomize/__init__.py", "")
        .add("usercustomize/other.py", "")
        .add("demo/inner.pth", "")  // not in a site directory: means nothing
        .add("demo/__pycache__/a.cpython-311.pyc", "")
        .add("demo/sourceless.pyc", "");
    const auto plan = plan_of(builder);
    ASSERT_TRUE(plan.has_value()) << plan.error().render();
    EXPECT_EQ(plan->notes.size(), 1u);
    EXPECT_EQ(plan->startup_hooks,
              (std::vector<StartupHook>{{"pth-code", site + "demo.pth"},
                                        {"pth", site + "path.pth"},
                                        {"sitecustomize", site + "sitecustomize.py"},
                                        {"usercustomize", site + "usercustomize/__init__.py"}}));
    const auto found = test::shown(plan->entries);
    EXPECT_TRUE(found.contains(site + "demo/sourceless.pyc"));
    EXPECT_FALSE(found.contains(site + "demo/__pycache__/a.cpython-311.pyc"));
    EXPECT_EQ(found.at(site + "demo-1.0.dist-info/RECORD").find("__pycache__"), std::string::npos);
}

TEST(InstallPlan, HostileWheelsAreRefusedByRule) {
    struct Row {
        std::string_view rule;
        std::function<void(WheelBuilder&)> make;
    };
    const auto file = [](std::string path) {
        return [path](WheelBuilder& builder) { builder.add(path, "text"); };
    };
    const std::string data = "demo-1.0.data/";
    for (const Row& row : std::vector<Row>{
             {"wheel.data-scheme", file(data + "stdlib/os.py")},
             {"wheel.data-scheme", file(data + "Scripts/x")},
             {"wheel.data-scheme", file(data + "file")},
             {"wheel.data-scheme", file("demo-1.0-evil.data/scripts/x")},
             {"wheel.data-scheme", file("other-1.0.data/scripts/x")},
             {"wheel.dist-info", file(data + "purelib/other-1.0.dist-info/METADATA")},
             {"wheel.dist-info", file(data + "platlib/OTHER-1.0.DIST-INFO/METADATA")},
             {"wheel.whiteout-name", file("demo/.wh.passwd")},
             {"wheel.whiteout-name", file(data + "data/etc/.wh..wh..opq")},
             {"wheel.whiteout-name", file("demo/.wh.folder/x.py")},
             {"wheel.whiteout-name",
              [](WheelBuilder& b) { b.entry_points("[console_scripts]\n.wh.python = demo:f\n"); }},
             {"entry-points.bad-name",
              [](WheelBuilder& b) {
                  b.entry_points("[console_scripts]\n" + std::string(300, 'x') + " = demo:f\n");
              }},
             {"plan.path-conflict",
              [=](WheelBuilder& b) { b.add("a.py", "1").add(data + "purelib/a.py", "2"); }},
             {"plan.path-conflict",
              [=](WheelBuilder& b) { b.add("a", "1").add(data + "purelib/a/b.py", "2"); }},
             {"record.hash-mismatch",
              [=](WheelBuilder& b) {
                  b.add(data + "scripts/x", "#!python\n");
                  std::string record;
                  for (const std::string& line : b.record_rows()) {
                      record += line.starts_with(data)
                                    ? WheelBuilder::record_row(data + "scripts/x", "#!pythox\n")
                                    : line;
                  }
                  b.record(record);
              }},
         }) {
        WheelBuilder builder;
        row.make(builder);
        const auto plan = plan_of(builder);
        EXPECT_EQ(rule_of(plan), row.rule) << (plan ? "" : plan.error().render());
    }
}

TEST(InstallPlan, EqualFilesOnOnePathAreOne) {
    WheelBuilder builder;
    builder.add("a.py", "1").add(builder.data("purelib/a.py"), "1");
    EXPECT_EQ(rule_of(plan_of(builder)), "planned");
}

TEST(InstallPlan, DoesNotDependOnTheOrderInTheArchive) {
    WheelBuilder one;
    one.add("a.py", "1").add("b.py", "2").add(one.data("scripts/s"), "#!python\n");
    WheelBuilder other;
    other.add(other.data("scripts/s"), "#!python\n")
        .add("b.py", "2", false, false)
        .add("a.py", "1");
    EXPECT_EQ(test::shown(plan_of(one)->entries), test::shown(plan_of(other)->entries));
}

}  // namespace
}  // namespace envpack::wheel
