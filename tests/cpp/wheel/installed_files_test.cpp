#include "envpack/wheel/installed_files.hpp"

#include "envpack/archive/disk_tree.hpp"
#include "support/temp_folder.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::wheel {
namespace {

using test::TempFolder;

constexpr std::string_view site = "lib/python3.11/site-packages/";

SafePath dist_info(std::string_view name) {
    return SafePath::parse(std::string(site) + std::string(name)).value();
}

std::vector<std::string> names(const std::vector<SafePath>& paths) {
    std::vector<std::string> texts;
    for (const SafePath& path : paths) {
        texts.push_back(path.str().starts_with(site) ? path.str().substr(site.size())
                                                     : "/" + path.str());
    }
    return texts;
}

class InstalledFiles : public testing::Test {
protected:
    void write(std::string_view name, std::string_view text = "") const {
        folder_.write(std::string(site) + std::string(name), text);
    }
    Result<std::vector<SafePath>> removed(std::vector<SafePath> others = {}) const {
        return files_to_remove(archive::DiskTree(folder_.path()), folder_.path().string(),
                               dist_info("a-1.dist-info"), others);
    }
    TempFolder folder_;
};

TEST_F(InstalledFiles, AreTheRowsOfRecordWithTheirByteCode) {
    write("a.py");
    write("pkg/m.py");
    write("__pycache__/a.cpython-311.pyc");
    write("__pycache__/a.cpython-311.opt-1.pyc");
    write("__pycache__/ab.cpython-311.pyc");
    write("pkg/__pycache__/m.cpython-312.pyc");
    write("a-1.dist-info/RECORD",
          "a.py,,\npkg/m.py,,\n../../../bin/tool,,\na-1.dist-info/RECORD,,\n");
    EXPECT_EQ(names(removed().value()),
              (std::vector<std::string>{"/bin/tool", "__pycache__/a.cpython-311.opt-1.pyc",
                                        "__pycache__/a.cpython-311.pyc", "a.py",
                                        "pkg/__pycache__/m.cpython-312.pyc", "pkg/m.py"}));
}

TEST_F(InstalledFiles, AreNeverOutsideOfThePrefixNorTheEnvironmentItself) {
    write("a-1.dist-info/RECORD",
          "/etc/passwd,,\n../../../../x,,\n../../../pyvenv.cfg,,\n../../../bin/python3.11,,\n"
          "../../../bin/python,,\n../../../bin/python-thing,,\n" +
              folder_.path().string() + "/share/own,,\n" + folder_.path().string() +
              "-other/x,,\n");
    EXPECT_EQ(names(removed().value()),
              (std::vector<std::string>{"/bin/python-thing", "/share/own"}));
}

TEST_F(InstalledFiles, ThatAnotherDistributionListsTooStay) {
    write("a-1.dist-info/RECORD", "shared/__init__.py,,\nshared/a.py,,\n");
    write("b-1.dist-info/RECORD", "shared/__init__.py,,\nshared/b.py,,\n");
    EXPECT_EQ(names(removed({dist_info("b-1.dist-info")}).value()),
              (std::vector<std::string>{"shared/a.py"}));
}

TEST_F(InstalledFiles, AreUnknownWithoutARecord) {
    write("a-1.dist-info/METADATA");
    const auto result = removed();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().rule(), "install.no-record");
    EXPECT_TRUE(recorded_files(archive::DiskTree(folder_.path()), "/x", dist_info("a-1.dist-info"))
                    .value()
                    .empty());
}

}  // namespace
}  // namespace envpack::wheel
