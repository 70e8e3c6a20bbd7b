#include "envpack/packaging/entry_points.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

TEST(EntryPoints, ReadsTheScripts) {
    const auto points = EntryPoints::parse(
        "# comment\r\n[console_scripts]\r\nBlack=black:main [d, jupyter]\r\n"
        "f2py-3.9 = numpy.f2py.f2py2e:main.run\n\n; also a comment\n"
        "[some.plugin]\nany name = module\n[ gui_scripts ]\nwin = a:b\n");
    ASSERT_TRUE(points) << points.error().render();
    const std::vector<EntryPoint> console = {
        {.name = "Black", .module = "black", .attribute = "main", .extras = {"d", "jupyter"}},
        {.name = "f2py-3.9", .module = "numpy.f2py.f2py2e", .attribute = "main.run"},
    };
    EXPECT_EQ(points->console_scripts, console);
    ASSERT_EQ(points->gui_scripts.size(), 1u);
    EXPECT_EQ(points->to_string(),
              "[console_scripts]\nBlack = black:main [d,jupyter]\n"
              "f2py-3.9 = numpy.f2py.f2py2e:main.run\n\n[gui_scripts]\nwin = a:b\n");
    EXPECT_EQ(*EntryPoints::parse(points->to_string()), *points);
}

struct BadEntry {
    std::string_view text;
    std::string_view rule;
};

TEST(EntryPoints, HostileScriptsAreRefused) {
    const std::vector<BadEntry> table = {
        {"[console_scripts]\n../../evil = a:b\n", "entry-points.bad-name"},
        {"[console_scripts]\n.. = a:b\n", "entry-points.bad-name"},
        {"[console_scripts]\n= a:b\n", "entry-points.bad-name"},
        {"[console_scripts]\na b = a:b\n", "entry-points.bad-name"},
        {"[console_scripts]\n/bin/sh = a:b\n", "entry-points.bad-name"},
        {"[console_scripts]\nx = a:b;import os\n", "entry-points.bad-target"},
        {"[console_scripts]\nx = a b:c\n", "entry-points.bad-target"},
        {"[console_scripts]\nx = a\n", "entry-points.bad-target"},
        {"[console_scripts]\nx = :b\n", "entry-points.bad-target"},
        {"[console_scripts]\nx = a:b()\n", "entry-points.bad-target"},
        {"[console_scripts]\nx = a:b:c\n", "entry-points.bad-target"},
        {"[console_scripts]\nx = a:1b\n", "entry-points.bad-target"},
        {"[console_scripts]\nx = a:b [c\n", "entry-points.bad-target"},
        {"[console_scripts]\nx = a:b\nx = a:c\n", "entry-points.duplicate-name"},
        {"[console_scripts]\nx = a:b\n[gui_scripts]\nx = a:c\n", "entry-points.duplicate-name"},
        {"[console_scripts]\njust text\n", "entry-points.syntax"},
        {"x = a:b\n", "entry-points.syntax"},
    };
    for (const BadEntry& row : table) {
        const auto points = EntryPoints::parse(row.text);
        ASSERT_FALSE(points) << row.text;
        EXPECT_EQ(points.error().rule(), row.rule) << row.text;
    }
}

}  // namespace
}  // namespace envpack::packaging
