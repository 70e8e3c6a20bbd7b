#include "archive_fixtures.hpp"
#include "envpack/archive/compression.hpp"
#include "envpack/archive/layer_listing.hpp"
#include "envpack/archive/tar_reader.hpp"
#include "envpack/archive/zip_reader.hpp"
#include "envpack/base/digest.hpp"
#include "envpack/base/json.hpp"
#include "support/conformance.hpp"
#include "support/temp_folder.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::archive {
namespace {

const std::vector<std::string> classes = {"accept", "iffy", "malicious", "reject"};

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder,
                                            const std::string& extension) {
    std::vector<std::filesystem::path> files;
    for (const auto& item : std::filesystem::directory_iterator(folder)) {
        if (item.path().extension() == extension) {
            files.push_back(item.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

/// name -> size and sha256 of every member, or why not.
Result<std::map<std::string, std::string>> read_zip(const std::filesystem::path& path) {
    ENVPACK_TRY(const ZipReader zip, ZipReader::open(path));
    std::map<std::string, std::string> members;
    for (const ZipEntry& entry : zip.entries()) {
        ENVPACK_TRY(const std::string text, test::all_of(entry.content.open()));
        members[entry.path.str() + (entry.is_directory ? "/" : "")] =
            std::to_string(text.size()) + " " + Digest::of(as_bytes(text)).hex();
    }
    return members;
}

/// The whole archive as a layer, every byte of it read.
Result<void> read_tar(const std::filesystem::path& path) {
    ENVPACK_TRY(FileSource file, FileSource::open(path));
    ENVPACK_CHECK(list_layer(std::make_unique<FileSource>(std::move(file)),
                             [](const SafePath&, const FileInfo&) { return true; }, {}, {}));
    return {};
}

Result<void> read_zstd(const std::filesystem::path& path) {
    ENVPACK_TRY(FileSource file, FileSource::open(path));
    ENVPACK_TRY(auto plain, decompressed(std::make_unique<FileSource>(std::move(file))));
    NullSink sink;
    ENVPACK_CHECK(copy(*plain, sink));
    return {};
}

Result<void> read_deflate(const std::filesystem::path& path) {
    // The corpus knows no sizes or checksums: the shape of the data is what counts.
    const std::string data = test::slurp(path);
    const auto source = inflated(nullptr, as_bytes(data), std::uint64_t{1} << 40, 0);
    const auto text = read_all(*source, 1u << 20);
    if (!text && text.error().rule() != "deflate.size" &&
        text.error().rule() != "deflate.checksum") {
        return fail(text.error());
    }
    return {};
}

/// Files of each class that were read, by class.
template <class Read>
std::map<std::string, std::set<std::string>> survey(const std::string& kind,
                                                    const std::string& extension, Read read) {
    std::map<std::string, std::set<std::string>> passed;
    for (const std::string& name : classes) {
        std::size_t total = 0;
        for (const auto& path :
             files_in(support::conformance_folder() / "malo" / kind / name, extension)) {
            ++total;
            const auto result = read(path);
            if (result) {
                passed[name].insert(path.stem().string());
            } else {
                // Every refusal names its rule.
                EXPECT_NE(result.error().rule(), "") << path << result.error().render();
            }
        }
        std::cout << "malo " << kind << " " << name << ": " << passed[name].size() << " of "
                  << total << " read";
        if (name != "accept") {
            for (const std::string& stem : passed[name]) {
                std::cout << " " << stem;
            }
        }
        std::cout << "\n";
    }
    return passed;
}

class ArchiveConformance : public testing::Test {
protected:
    void SetUp() override {
        if (const std::string reason = support::conformance_missing(); !reason.empty()) {
            GTEST_SKIP() << reason;
        }
    }
};

TEST_F(ArchiveConformance, ZipCorpus) {
    const auto passed = survey("zip", ".zip", read_zip);
    EXPECT_EQ(passed.at("accept").size(), 9u);
    EXPECT_EQ(passed.at("malicious"), std::set<std::string>());
    EXPECT_EQ(passed.at("reject"), std::set<std::string>());
    // Valid, all four: implied folders are normal in wheels, equal CRCs harm only those who take
    // them for names of contents.
    EXPECT_EQ(passed.at("iffy"),
              (std::set<std::string>{"crc_collision_empty_nonempty", "crc_collision_two_nonempty",
                                     "crc_zero_nonempty", "nosubdir"}));
}

TEST_F(ArchiveConformance, ZipContents) {
    // Named more strictly by the corpus: either answer is right.
    const std::set<std::string> open = {"accept/short_usize.zip", "accept/short_usize_zip64.zip"};
    support::ConformanceReport report("zip/expected.json");
    for (const json::Value& test_case : support::conformance_cases("zip/expected.json")) {
        const std::string file(json::string_at(test_case, "file").value());
        std::map<std::string, std::string> expected;
        for (const json::Value& member : *json::array_at(test_case, "members").value()) {
            expected[std::string(json::string_at(member, "name").value())] =
                std::to_string(json::integer_at(member, "size").value()) + " " +
                std::string(json::string_at(member, "sha256").value());
        }
        const auto members = read_zip(support::conformance_folder() / "zip" / file);
        report.expect(members ? *members == expected : open.contains(file), test_case);
    }
}

TEST_F(ArchiveConformance, TarCorpus) {
    const auto passed = survey("tar", ".tar", read_tar);
    EXPECT_EQ(passed.at("accept").size(), 7u);
}

TEST_F(ArchiveConformance, ZstdCorpus) {
    const auto passed = survey("zstd", ".zst", read_zstd);
    EXPECT_EQ(passed.at("accept").size(), 14u);
}

TEST_F(ArchiveConformance, DeflateCorpus) {
    const auto passed = survey("deflate", ".deflate", read_deflate);
    EXPECT_EQ(passed.at("accept").size(), 8u);
    EXPECT_EQ(passed.at("malicious"), std::set<std::string>());
    EXPECT_EQ(passed.at("reject"), std::set<std::string>());
}

}  // namespace
}  // namespace envpack::archive
