#include "envpack/env/host_python.hpp"

#include "envpack/archive/disk_tree.hpp"
#include "envpack/base/text.hpp"
#include "envpack/env/inventory.hpp"
#include "envpack/env/target_environment.hpp"
#include "support/host_python.hpp"
#include "support/temp_folder.hpp"

#include <filesystem>

#include <gtest/gtest.h>

namespace envpack::env {
namespace {

class HostPythonTest : public testing::Test {
protected:
    void SetUp() override {
        const auto host = test::HostPython::find();
        if (!host) {
            GTEST_SKIP() << "this machine has no python3 with venv and pip";
        }
        host_ = *host;
    }
    /// What the real interpreter prints.
    static std::string ask(const std::string& python, const std::string& script) {
        return test::output_of({python, "-I", "-c", script});
    }

    test::HostPython host_;
    test::TempFolder folder_;
    archive::DiskTree root_{"/"};
};

TEST_F(HostPythonTest, StaticDescriptionIsWhatTheInterpreterSays) {
    const auto python = find_host_python(root_, {.python = host_.executable}, {});
    ASSERT_TRUE(python) << python.error().render();
    const auto found = find_interpreter(root_, {.python = *python}, {});
    ASSERT_TRUE(found) << found.error().render();
    const std::string said = ask(host_.executable,
                                 "import platform, sys, os\n"
                                 "print(platform.python_version(), platform.machine(),\n"
                                 "      os.path.realpath(sys.base_prefix), *platform.libc_ver())");
    const Interpreter& p = found->chosen;
    EXPECT_EQ(
        p.full_version + ' ' + p.machine + " /" + p.base_prefix.str() + ' ' + p.libc.to_string(),
        said);
    EXPECT_TRUE(tag_target(p));
}

TEST_F(HostPythonTest, VirtualEnvironmentIsFrozenAsItsPipSees) {
    const std::string venv = (folder_ / "venv").string();
    ASSERT_EQ(test::output_of({host_.executable, "-m", "venv", "--without-pip", venv}), "");
    const std::string site =
        "venv/lib/python3." + std::to_string(host_.minor()) + "/site-packages/";
    folder_.write(site + "Some_Pkg-1.0.post1.dist-info/METADATA",
                  "Metadata-Version: 2.1\nName: Some.Pkg\nVersion: 1.0.post1\n\ntext\n");
    folder_.write(site + "egg-2.0.egg-info/PKG-INFO", "Name: egg\nVersion: 2.0\n\n");
    folder_.write(site + "file-3.0-py3.egg-info", "Name: file\nVersion: 3.0\n\n");
    folder_.write("added/path_pkg-4.0.dist-info/METADATA", "Name: path-pkg\nVersion: 4.0\n\n");
    folder_.write(site + "added.pth", (folder_ / "added").string() + "\n");
    for (const std::string& named : {venv, venv + "/bin/python"}) {
        const auto python = find_host_python(root_, {.python = named}, {});
        ASSERT_TRUE(python) << python.error().render();
        const auto inventory = take_inventory(root_, {.python = *python}, {});
        ASSERT_TRUE(inventory) << inventory.error().render();
        EXPECT_TRUE(inventory->python.is_venv);
        EXPECT_EQ(inventory->python.full_version, host_.version);
        std::string lines;
        for (const FrozenPackage& package : inventory->packages) {
            lines += package.raw_name + "==" + package.raw_version + '\n';
        }
        EXPECT_EQ(std::string(text::trim(lines)),
                  ask(venv + "/bin/python",
                      "import importlib.metadata as m\n"
                      "print('\\n'.join(sorted((d.metadata['Name'] + '==' + d.version\n"
                      "    for d in m.distributions()), key=str.lower)))"));
    }
}

TEST_F(HostPythonTest, ScriptsAreAskedForTheInterpreterBehindThem) {
    const auto shim =
        folder_.write("shims/python3", "#!/bin/sh\nexec " + host_.executable + " \"$@\"\n");
    std::filesystem::permissions(shim, std::filesystem::perms::owner_all);
    const auto python =
        find_host_python(root_, {.path = shim.parent_path().string() + ":/nowhere"}, {});
    ASSERT_TRUE(python) << python.error().render();
    const auto found = find_interpreter(root_, {.python = *python}, {});
    ASSERT_TRUE(found) << found.error().render();
    EXPECT_EQ(found->chosen.full_version, host_.version);

    const auto liar = folder_.write("liar/python3", "#!/bin/sh\necho hello\n");
    std::filesystem::permissions(liar, std::filesystem::perms::owner_all);
    const auto nothing = find_host_python(root_, {.path = liar.parent_path().string()}, {});
    ASSERT_FALSE(nothing);
    EXPECT_EQ(nothing.error().code(), ErrorCode::unsupported);
}

TEST_F(HostPythonTest, VirtualEnvOfTheShellIsUsedAfterPath) {
    const std::string venv = (folder_ / "venv").string();
    ASSERT_EQ(test::output_of({host_.executable, "-m", "venv", "--without-pip", venv}), "");
    const auto python = find_host_python(root_, {.path = "/nowhere", .virtual_env = venv}, {});
    ASSERT_TRUE(python) << python.error().render();
    EXPECT_EQ('/' + python->str(), venv + "/bin/python3");
    const auto none = find_host_python(root_, {.path = "/nowhere"}, {});
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), ErrorCode::not_found);
}

}  // namespace
}  // namespace envpack::env
