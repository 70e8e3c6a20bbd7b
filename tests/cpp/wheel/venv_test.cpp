#include "envpack/wheel/venv.hpp"

#include "support/host_python.hpp"
#include "support/planned_tree.hpp"
#include "support/temp_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace envpack::wheel {
namespace {

VenvOptions options() {
    return {.prefix = SafePath::parse("opt/venv").value(),
            .base_interpreter = "/usr/bin/python3.11",
            .python_version = "3.11.7"};
}

TEST(Venv, IsThePep405Environment) {
    const auto entries = plan_venv(options());
    ASSERT_TRUE(entries.has_value()) << entries.error().render();
    const std::map<std::string, std::string> expected = {
        {"opt/venv", "/"},
        {"opt/venv/bin", "/"},
        {"opt/venv/bin/python", "-> /usr/bin/python3.11"},
        {"opt/venv/bin/python3", "-> python"},
        {"opt/venv/bin/python3.11", "-> python"},
        {"opt/venv/include", "/"},
        {"opt/venv/include/python3.11", "/"},
        {"opt/venv/lib", "/"},
        {"opt/venv/lib/python3.11", "/"},
        {"opt/venv/lib/python3.11/site-packages", "/"},
        {"opt/venv/lib64", "-> lib"},
        {"opt/venv/pyvenv.cfg",
         "0644 home = /usr/bin\ninclude-system-site-packages = true\nversion = 3.11.7\n"
         "executable = /usr/bin/python3.11\n"},
    };
    EXPECT_EQ(test::shown(*entries), expected);
    EXPECT_TRUE(std::ranges::is_sorted(*entries, {}, &archive::PlannedEntry::path));
}

TEST(Venv, BadOptionsAreRefused) {
    VenvOptions root = options();
    root.prefix = SafePath();
    VenvOptions relative = options();
    relative.base_interpreter = "python3";
    VenvOptions lines = options();
    lines.base_interpreter = "/usr/bin/python3\nhome = /evil";
    for (const VenvOptions& bad : {root, relative, lines}) {
        EXPECT_FALSE(plan_venv(bad).has_value());
    }
    for (const char* version : {"", "3", "3.", "three", "3.11\n", "3.11x", "3.11.7\nhome = /e"}) {
        VenvOptions bad = options();
        bad.python_version = version;
        EXPECT_FALSE(plan_venv(bad).has_value()) << version;
    }
    for (const char* version : {"3.11", "3.13.0rc1", "3.13.0+", "3.14.0a1+dev"}) {
        VenvOptions good = options();
        good.python_version = version;
        EXPECT_TRUE(plan_venv(good).has_value()) << version;
    }
}

TEST(Venv, HasTheFilesThatPythonsOwnVenvMakes) {
    const auto python = test::HostPython::find();
    if (!python) {
        GTEST_SKIP() << "no python3 with venv and pip >= 22.3 on this machine";
    }
    const test::TempFolder folder;
    const std::string theirs = folder / "theirs";
    const std::string answer =
        test::output_of({python->executable, "-m", "venv", "--without-pip", theirs});
    ASSERT_EQ(answer, "");
    const std::string ours = folder / "ours";
    const auto entries = plan_venv({.prefix = SafePath::normalize(ours).value(),
                                    .base_interpreter = python->executable,
                                    .python_version = python->version,
                                    .system_site_packages = false});
    ASSERT_TRUE(entries.has_value()) << entries.error().render();
    test::write_entries(*entries, "/");

    const auto names = [](const std::string& prefix) {
        std::set<std::string> found;
        for (const auto& [path, what] : test::shown(std::filesystem::path(prefix))) {
            // Left out on purpose; .gitignore is what venv adds from Python 3.13 on.
            const std::string name = path.substr(path.rfind('/') + 1);
            if (!name.starts_with("activate") && name != "Activate.ps1" && name != ".gitignore") {
                found.insert(path);
            }
        }
        return found;
    };
    EXPECT_EQ(names(ours), names(theirs));

    const std::string program =
        "import sys, sysconfig; print([p.replace(sys.prefix, '@') for p in sys.path[1:]], "
        "sys.base_prefix, sys.version, sysconfig.get_path('purelib').replace(sys.prefix, '@'))";
    for (const char* name : {"python", "python3"}) {
        EXPECT_EQ(test::output_of({ours + "/bin/" + name, "-c", program}),
                  test::output_of({theirs + "/bin/" + name, "-c", program}));
    }
    EXPECT_EQ(test::output_of({ours + "/bin/python", "-c", "import sys; print(sys.prefix)"}), ours);
}

}  // namespace
}  // namespace envpack::wheel
