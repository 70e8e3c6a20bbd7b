#include "envpack/packaging/startup_file.hpp"

#include <string_view>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

TEST(StartupFile, PathFilesAreThoseThatSiteReads) {
    EXPECT_TRUE(is_path_file("a.pth"));
    EXPECT_FALSE(is_path_file(".a.pth"));
    EXPECT_FALSE(is_path_file("a.pth.bak"));
}

TEST(StartupFile, LinesThatBeginWithImportAreCode) {
    for (const std::string_view code :
         {"import os", "import\tos\n", "folder\nimport os;x\n", "#\r\nimport os", "a\rimport os"}) {
        EXPECT_TRUE(runs_code(code)) << code;
    }
    for (const std::string_view paths :
         {"", "\n\n", "importlib\n", " import os\n", "# import os\n"}) {
        EXPECT_FALSE(runs_code(paths)) << paths;
    }
}

TEST(StartupFile, CustomizeModulesComeInEveryForm) {
    EXPECT_EQ(customize_module("sitecustomize.py"), "sitecustomize");
    EXPECT_EQ(customize_module("sitecustomize.cpython-311-x86_64-linux-gnu.so"), "sitecustomize");
    EXPECT_EQ(customize_module("usercustomize"), "usercustomize");
    EXPECT_EQ(customize_module("usercustomize.pyc"), "usercustomize");
    EXPECT_EQ(customize_module("sitecustomize2.py"), "");
    EXPECT_EQ(customize_module("sitecustomize.txt"), "");
    EXPECT_EQ(customize_module("mysitecustomize.py"), "");
}

}  // namespace
}  // namespace envpack::packaging
