#include "envpack/index/releases.hpp"

#include "envpack/index/package_index.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::index {
namespace {

using packaging::Version;

std::vector<std::string> texts(const Releases& releases) {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < releases.versions().size(); ++i) {
        std::string line = releases.versions()[i].to_string() + ":";
        for (const std::uint32_t file : releases.files(i)) {
            line += " " + std::to_string(file);
        }
        result.push_back(std::move(line));
    }
    return result;
}

DistFiles page(const std::vector<std::string>& filenames) {
    std::vector<DistFile> files;
    for (const std::string& filename : filenames) {
        files.push_back({.filename = filename, .url = "https://index.example/" + filename});
    }
    return files;
}

TEST(Releases, AreTheFilesOfAPageByVersion) {
    const DistFiles files = page({
        "demo-1.10-py3-none-any.whl",
        "demo-1.9-py3-none-any.whl",
        "demo-1.10.tar.gz",
        "demo-1.9.0-1-py3-none-any.whl",  // the build tag is no part of the version
        "demo-two-2.0a1.zip",
        "demo-1.9.tar.bz2",  // a kind of file that pip does not take
        "demo-1.0-py2.7.egg",
        "demo-latest.tar.gz",
        "demo.whl",
        ".whl",
        ".zip",
        "",
    });
    EXPECT_EQ(texts(files.releases()),
              (std::vector<std::string>{"1.9: 1 3", "1.10: 0 2", "2.0a1: 4"}));
    EXPECT_EQ(&files.releases(), &DistFiles(files).releases());
}

TEST(Releases, TheShortestSpellingIsKeptWhateverTheOrder) {
    const DistFiles one = page({"d-1.0.0.tar.gz", "d-1.tar.gz", "d-1.0.tar.gz"});
    const DistFiles other = page({"d-1.tar.gz", "d-1.0.tar.gz", "d-1.0.0.tar.gz"});
    EXPECT_EQ(texts(one.releases()), (std::vector<std::string>{"1: 0 1 2"}));
    EXPECT_EQ(texts(other.releases()), (std::vector<std::string>{"1: 0 1 2"}));
}

TEST(Releases, OfNothing) {
    EXPECT_TRUE(DistFiles().releases().versions().empty());
    EXPECT_TRUE(page({}).releases().versions().empty());
    EXPECT_TRUE(Releases::from_parts({}, {}, {}, 0));
}

TEST(Releases, PartsThatFitNoPageAreRefused) {
    const Version one = Version::parse("1").value();
    const Version two = Version::parse("2").value();
    const auto good = Releases::from_parts({one, two}, {1, 3}, {4, 0, 2}, 5);
    ASSERT_TRUE(good);
    EXPECT_EQ(texts(*good), (std::vector<std::string>{"1: 4", "2: 0 2"}));
    EXPECT_FALSE(Releases::from_parts({two, one}, {1, 3}, {4, 0, 2}, 5)) << "not ascending";
    EXPECT_FALSE(Releases::from_parts({one, one}, {1, 3}, {4, 0, 2}, 5)) << "twice";
    EXPECT_FALSE(Releases::from_parts({one, two}, {1, 3}, {4, 0, 5}, 5)) << "no such file";
    EXPECT_FALSE(Releases::from_parts({one, two}, {3, 1}, {4, 0, 2}, 5)) << "backwards";
    EXPECT_FALSE(Releases::from_parts({one, two}, {0, 3}, {4, 0, 2}, 5)) << "without a file";
    EXPECT_FALSE(Releases::from_parts({one, two}, {1, 4}, {4, 0, 2}, 5)) << "past the end";
    EXPECT_FALSE(Releases::from_parts({one, two}, {3}, {4, 0, 2}, 5));
    EXPECT_FALSE(Releases::from_parts({}, {}, {0}, 5));
}

}  // namespace
}  // namespace envpack::index
