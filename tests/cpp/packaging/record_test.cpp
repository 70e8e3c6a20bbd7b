#include "envpack/packaging/record.hpp"

#include "support/conformance.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::packaging {
namespace {

const Digest empty_digest = Digest::of({});
const std::string empty_hash = "sha256=" + empty_digest.base64url();

Record read(std::string_view text) {
    auto record = Record::read(text);
    EXPECT_TRUE(record) << (record ? "" : record.error().render());
    return record ? *std::move(record) : Record{};
}

TEST(Record, ReadsWhatPythonsCsvWrites) {
    const Record record = read("a.py," + empty_hash + ",0\r\n\"b, \"\"c\"\".py\",,\n\"d\ne\",,7\n" +
                               "\r\n../../../bin/x,sha512=abc,12");
    EXPECT_EQ(record.problems.size(), 0u);
    const std::vector<RecordRow> expected = {
        {.path = "a.py", .sha256 = empty_digest, .size = 0},
        {.path = "b, \"c\".py"},
        {.path = "d\ne", .size = 7},
        {.path = "../../../bin/x", .other_hash = true, .size = 12},
    };
    EXPECT_EQ(record.rows, expected);
}

TEST(Record, WritesSortedBytewiseAndReadsItsOwnText) {
    Record record;
    record.rows = {{.path = "b\"q\".py"},
                   {.path = "a,b", .sha256 = empty_digest, .size = 3},
                   {.path = "B.py", .size = 1},
                   {.path = "line\nend"}};
    EXPECT_EQ(record.to_string(),
              "B.py,,1\n\"a,b\"," + empty_hash + ",3\n\"b\"\"q\"\".py\",,\n\"line\nend\",,\n");
    EXPECT_EQ(read(record.to_string()).to_string(), record.to_string());
}

struct BadRow {
    std::string text;
    std::string_view rule;
    std::size_t line;
    std::size_t rows;  // that remain in a lenient reading
};

TEST(Record, EveryProblemHasItsRule) {
    const std::vector<BadRow> table = {
        {"a,,\na,,1\n", "record.duplicate-row", 2, 1},
        {"a,sha256=short,1\n", "record.bad-hash", 1, 1},
        {"a,sha256,1\n", "record.bad-hash", 1, 1},
        {"a,crc32=1234,1\n", "record.bad-hash", 1, 1},
        {"a,sha256=" + empty_digest.hex() + ",1\n", "record.hex-hash", 1, 1},
        {"a," + empty_hash + "=,1\n", "record.padded-hash", 1, 1},
        {"a,md5=1B2M2Y8AsgTpgAmY7PhCfg,1\n", "record.weak-hash", 1, 1},
        {"a,sha1=abc,1\n", "record.weak-hash", 1, 1},
        {"a,,-1\n", "record.bad-size", 1, 1},
        {"a,,1 \n", "record.bad-size", 1, 1},
        {"a\n", "record.bad-row", 1, 1},
        {"a,,1,more\n", "record.bad-row", 1, 1},
        {"\"x\ny\",,\n,,\n", "record.empty-path", 3, 1},
    };
    for (const BadRow& row : table) {
        const Record record = read(row.text);
        ASSERT_EQ(record.problems.size(), 1u) << row.text;
        EXPECT_EQ(record.problems[0].rule, row.rule) << row.text;
        EXPECT_EQ(record.problems[0].line, row.line) << row.text;
        EXPECT_EQ(record.rows.size(), row.rows) << row.text;
        const auto strict = Record::parse(row.text);
        ASSERT_FALSE(strict) << row.text;
        EXPECT_EQ(strict.error().rule(), row.rule);
    }
    EXPECT_EQ(read("a,sha256=" + empty_digest.hex() + ",\n").rows[0].sha256, empty_digest);
}

TEST(Record, TextThatIsNoCsvIsRefusedInEitherReading) {
    for (const std::string_view text : {"\"a,,\n", "\"a\"b,,\n"}) {
        const auto record = Record::read(text);
        ASSERT_FALSE(record) << text;
        EXPECT_EQ(record.error().rule(), "record.csv");
    }
    EXPECT_EQ(Record::read("a,,\nb,,\n", {.max_entries = 1}).error().code(),
              ErrorCode::limit_exceeded);
    EXPECT_EQ(Record::read("a,,\n", {.max_record = 3}).error().code(), ErrorCode::limit_exceeded);
}

TEST(RecordConformance, InstalledRecordsHaveNoProblems) {
    if (const auto reason = support::conformance_missing(); !reason.empty()) {
        GTEST_SKIP() << reason;
    }
    const auto folder = support::conformance_folder() / "site_packages/Lib/site-packages";
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto file = entry.path() / "RECORD";
        if (!std::filesystem::exists(file)) {
            continue;
        }
        const auto text = read_file(file, Limits{}.max_record);
        ASSERT_TRUE(text) << text.error().render();
        const auto record = Record::parse(*text);
        ASSERT_TRUE(record) << file << ": " << record.error().render();
        EXPECT_EQ(Record::parse(record->to_string())->to_string(), record->to_string());
        ++count;
    }
    EXPECT_GT(count, 0u);
}

}  // namespace
}  // namespace envpack::packaging
