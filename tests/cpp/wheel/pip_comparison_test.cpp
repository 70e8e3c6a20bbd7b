// Against the real pip: the plan, written to disk, is the tree that pip makes of the same wheel,
// and pip takes it for one of its own.
#include "envpack/archive/content.hpp"
#include "envpack/packaging/record.hpp"
#include "envpack/wheel/install_plan.hpp"
#include "envpack/wheel/venv.hpp"
#include "support/host_python.hpp"
#include "support/planned_tree.hpp"
#include "support/temp_folder.hpp"
#include "support/wheel_builder.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::wheel {
namespace {

using test::HostPython;
using test::TempFolder;
using test::WheelBuilder;
using Files = std::map<std::string, std::string>;

WheelBuilder demo() {
    WheelBuilder builder("demo_pkg", "1.0+local.1");
    builder
        .add("demo_pkg/__init__.py",
             "import sys\n\ndef main():\n    print('hello', *sys.argv[1:])\n    return 0\n\n"
             "class App:\n    run = staticmethod(main)\n")
        .add("demo_pkg/with, comma.txt", "quoted in RECORD")
        .add("demo_pkg/b\xc3\xa4h.txt", "not ASCII")
        .add("demo_pkg/empty", "")
        .add("demo_pkg/tool.sh", "#!/bin/sh\n", true)
        .add(builder.data("purelib/pure_part.py"), "x = 1\n")
        .add(builder.data("platlib/demo_pkg/native.so"), std::string(70'000, 'n'), true)
        .add(builder.data("scripts/rewritten"), "#!python -u\nimport demo_pkg\ndemo_pkg.main()\n",
             true)
        .add(builder.data("scripts/kept"), "#!/bin/sh\necho kept\n", true)
        .add(builder.data("scripts/command"), "#!python\nlost to the entry point\n", true)
        .add(builder.data("data/share/demo/a.txt"), "a")
        .add(builder.data("data/etc/demo.conf"), "c", true)
        .add(builder.data("headers/sub/demo.h"), "/* */\n")
        .add(builder.dist_info("licenses/LICENSE"), "free\n")
        .entry_points(
            "[console_scripts]\ncommand = demo_pkg:main\nmethod = demo_pkg:App.run [x]\n"
            "[gui_scripts]\nwindow = demo_pkg:main\n[other.group]\nname = a.b\n");
    return builder;
}

// An environment made by plan_venv() at `prefix`.
void make_venv(const HostPython& python, const std::string& prefix) {
    const auto entries = plan_venv({.prefix = SafePath::normalize(prefix).value(),
                                    .base_interpreter = python.executable,
                                    .python_version = python.version,
                                    .system_site_packages = false});
    ASSERT_TRUE(entries.has_value()) << entries.error().render();
    test::write_entries(*entries, "/");
}

Files added(const Files& before, Files after) {
    for (const auto& [path, what] : before) {
        after.erase(path);
    }
    return after;
}

// The rows of an installed RECORD as text, those of the commands in bin without hash and size:
// their text is ours, not pip's.
std::vector<std::string> rows_of(const Files& files, const std::vector<std::string>& generated) {
    std::vector<std::string> rows;
    for (const auto& [path, what] : files) {
        if (!path.ends_with(".dist-info/RECORD")) {
            continue;
        }
        const auto record = packaging::Record::read(std::string_view(what).substr(5));
        for (const packaging::RecordRow& row : record->rows) {
            if (row.path.find(".data/scripts/") != std::string::npos) {
                continue;  // pip lists a script that it did not install for a command's sake
            }
            const std::string name = row.path.substr(row.path.rfind('/') + 1);
            const bool own = std::ranges::find(generated, name) != generated.end();
            rows.push_back(row.path + "," + (row.sha256 && !own ? row.sha256->hex() : "") + "," +
                           (row.size && !own ? std::to_string(*row.size) : ""));
        }
    }
    std::ranges::sort(rows);
    return rows;
}

class PipComparison : public testing::Test {
protected:
    void SetUp() override {
        python_ = HostPython::find();
        if (!python_) {
            GTEST_SKIP() << "no python3 with venv and pip >= 22.3 on this machine";
        }
    }

    /// The plan of the wheel at `prefix`, options as pip's own.
    InstallPlan plan_at(const std::string& prefix, const std::filesystem::path& file) const {
        const auto wheel = WheelArchive::open(file);
        EXPECT_TRUE(wheel.has_value()) << wheel.error().render();
        const auto scheme = venv_scheme(SafePath::normalize(prefix).value(), 3, python_->minor());
        auto plan = plan_install(*wheel, *scheme, {.installer = "pip", .requested = true});
        EXPECT_TRUE(plan.has_value()) << plan.error().render();
        return *std::move(plan);
    }

    std::optional<HostPython> python_;
};

TEST_F(PipComparison, PlanOnDiskIsWhatPipInstalls) {
    // The second prefix makes every shebang go through /bin/sh.
    for (const std::string& name : {std::string("venv"), "long-" + std::string(150, 'x')}) {
        const TempFolder folder;
        std::filesystem::create_directory(folder / "wheels");
        const auto file = demo().write(folder / "wheels");
        const std::string prefix = folder / name;

        make_venv(*python_, prefix);
        const Files before = test::shown(prefix);
        const std::string answer =
            HostPython::pip(prefix, {"install", "--no-index", "--no-deps", "--no-compile",
                                     "--find-links", folder / "wheels", "demo-pkg"});
        ASSERT_FALSE(answer.starts_with('<')) << answer;
        Files by_pip = added(before, test::shown(prefix));
        const std::string said_pip = test::output_of({prefix + "/bin/command", "a", "b c"});

        std::filesystem::remove_all(prefix);
        make_venv(*python_, prefix);
        test::write_entries(plan_at(prefix, file).entries, "/");
        Files by_plan = added(before, test::shown(prefix));
        EXPECT_EQ(said_pip, "hello a b c");
        for (const char* command : {"command", "method", "window", "rewritten"}) {
            EXPECT_EQ(test::output_of({prefix + "/bin/" + command, "a", "b c"}), "hello a b c")
                << command;
        }
        EXPECT_EQ(test::output_of({prefix + "/bin/kept"}), "kept");

        const std::vector<std::string> generated = {"command", "method", "window"};
        std::vector<std::string> own = generated;
        if (name != "venv") {
            own.emplace_back("rewritten");  // pip writes a line that the kernel cannot run
        }
        EXPECT_EQ(rows_of(by_plan, own), rows_of(by_pip, own));
        for (Files* const files : {&by_pip, &by_plan}) {
            for (auto& [path, what] : *files) {
                const std::string base = path.substr(path.rfind('/') + 1);
                if (path.ends_with(".dist-info/RECORD") ||
                    std::ranges::find(own, base) != own.end()) {
                    what.resize(4);  // the mode
                }
            }
        }
        EXPECT_EQ(by_plan, by_pip);
    }
}

TEST_F(PipComparison, PipTakesThePlanForItsOwn) {
    const TempFolder folder;
    const auto file = demo().write(folder.path());
    const std::string prefix = folder / "venv";
    make_venv(*python_, prefix);
    const Files before = test::shown(prefix);
    test::write_entries(plan_at(prefix, file).entries, "/");

    const std::string shown = HostPython::pip(prefix, {"show", "--verbose", "--files", "demo-pkg"});
    EXPECT_NE(shown.find("Installer: pip"), std::string::npos) << shown;
    EXPECT_NE(shown.find("../../../bin/command"), std::string::npos) << shown;
    const std::string answer = HostPython::pip(prefix, {"uninstall", "--yes", "demo-pkg"});
    ASSERT_FALSE(answer.starts_with('<')) << answer;

    // Every file of the plan is gone, and no other. Empty folders may stay, as after pip's own.
    const auto without_folders = [](Files files) {
        std::erase_if(files, [](const auto& item) { return item.second == "/"; });
        return files;
    };
    EXPECT_EQ(without_folders(test::shown(prefix)), without_folders(before));
}

}  // namespace
}  // namespace envpack::wheel
