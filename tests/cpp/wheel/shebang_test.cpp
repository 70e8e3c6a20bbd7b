#include "envpack/wheel/shebang.hpp"

#include <string>
#include <string_view>

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace envpack::wheel {
namespace {

TEST(Shebang, ShortPathIsTheFirstLine) {
    EXPECT_EQ(shebang("/opt/venv/bin/python").value(), "#!/opt/venv/bin/python\n");
}

TEST(Shebang, LineUpTo127BytesIsPlain) {
    const std::string longest = "/" + std::string(123, 'x');  // with #! and LF: 127
    EXPECT_EQ(shebang(longest).value(), "#!" + longest + "\n");
    EXPECT_TRUE(shebang(longest + "x").value().starts_with("#!/bin/sh\n"));
}

TEST(Shebang, PathWithSpaceGoesThroughTheShell) {
    EXPECT_EQ(shebang("/opt/my venv/bin/python").value(),
              "#!/bin/sh\n'''exec' \"/opt/my venv/bin/python\" \"$0\" \"$@\"\n' '''\n");
}

TEST(Shebang, DangerousPathsAreRefused) {
    for (const std::string_view path :
         {"python", "", "/a\nb", "/a\"b", "/a'b", "/a$(id)", "/a`id`", "/a\\b", "/a\tb"}) {
        const auto result = shebang(path);
        ASSERT_FALSE(result.has_value()) << path;
        EXPECT_EQ(result.error().code(), ErrorCode::invalid_argument) << path;
        EXPECT_EQ(result.error().rule(), "wheel.interpreter-path") << path;
    }
}

TEST(ScriptInterpreter, IsReadBackFromWhatWasWritten) {
    for (const std::string& path :
         {std::string("/opt/venv/bin/python"), std::string("/opt/my venv/bin/python"),
          "/" + std::string(200, 'x')}) {
        const std::string head = shebang(path).value();
        const auto found = script_interpreter(head + "import sys\n");
        ASSERT_TRUE(found.has_value()) << path;
        EXPECT_EQ(found->path, path);
        EXPECT_EQ(found->length, head.size());
    }
}

TEST(ScriptInterpreter, KnowsTheFormsOfOtherInstallers) {
    struct Row {
        std::string_view script;
        std::string_view path;  // empty: none
        std::size_t length;
        bool is_plain;
    };
    for (const Row& row : {
             Row{"#!/v/bin/python\nx", "/v/bin/python", 16, true},
             Row{"#! /v/bin/python -E\r\nx", "/v/bin/python", 21, false},
             Row{"#!/v/bin/python", "/v/bin/python", 15, true},
             Row{"#!/bin/sh\n'''exec' /v/bin/python \"$0\" \"$@\"\n' '''\nx", "/v/bin/python", 49,
                 false},
             Row{"#!/bin/sh\n'''exec' '/v/bin/python' \"$0\" \"$@\"\n' '''\nx", "/v/bin/python", 51,
                 false},
             Row{"#!/bin/sh\necho\n", "/bin/sh", 10, true},
             Row{"#!python\n", "", 0, false},
             Row{"#!", "", 0, false},
             Row{"", "", 0, false},
             Row{"\x7f"
                 "ELF",
                 "", 0, false},
         }) {
        const auto found = script_interpreter(row.script);
        EXPECT_EQ(found ? found->path : "", row.path) << row.script;
        if (found) {
            EXPECT_EQ(found->length, row.length) << row.script;
            EXPECT_EQ(found->is_plain, row.is_plain) << row.script;
        }
    }
}

TEST(WithInterpreter, ReplacesOnlyThePythonPlaceholder) {
    struct Row {
        std::string_view before;
        std::string_view after;
    };
    for (const Row& row : {
             Row{"#!python\nx\n", "#!/p\nx\n"},
             Row{"#!pythonw\nx\n", "#!/p\nx\n"},
             Row{"#!python3 -u\nx\n", "#!/p\nx\n"},
             Row{"#!python\r\nx\n", "#!/p\nx\n"},
             Row{"#!python", "#!/p\n"},
             Row{"#!/usr/bin/env python\nx\n", "#!/usr/bin/env python\nx\n"},
             Row{" #!python\n", " #!python\n"},
             Row{"", ""},
         }) {
        EXPECT_EQ(with_interpreter(std::string(row.before), "/p").value(), row.after);
    }
    const std::string arguments = "#!python " + std::string(10'000, 'a') + "\nx\n";
    EXPECT_EQ(with_interpreter(arguments, "/p").value(), "#!/p\nx\n");
}

}  // namespace
}  // namespace envpack::wheel
