#include "envpack/archive/compression.hpp"

#include "archive_fixtures.hpp"
#include "support/host_python.hpp"
#include "support/temp_folder.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::archive {
namespace {

std::string read_compressed(const std::string& bytes, const Limits& limits = {},
                            std::size_t step = SIZE_MAX) {
    const auto text = test::all_of(decompressed(test::source_of(bytes, step), limits));
    return text ? *text : "!" + test::rule_of(text);
}

std::string hex(std::string_view digits) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
    }
    return bytes;
}

TEST(Decompressed, ReadsGzip) {
    // "hi" with FNAME, FCOMMENT, FEXTRA and a right FHCRC, made with Python's zlib.
    const std::string hi = test::gzip("hi");
    const std::string deflated = hi.substr(10);
    const std::string named = hex("1f8b08080000000000ff") + std::string("name\0", 5) + deflated;
    const std::string extra = hex("1f8b08040000000000ff0300616263") + deflated;
    std::string flipped = hi;
    flipped[hi.size() - 8] ^= 1;
    std::string longer = hi;
    longer[hi.size() - 4] ^= 1;
    const std::string empty = hex("1f8b08000000000000ff0300") + std::string(8, '\0');
    std::string flood;
    for (int i = 0; i < 1002; ++i) {
        flood += empty;
    }
    const struct {
        const char* fact;
        std::string bytes;
        std::string text;
    } rows[] = {
        {"one member", hi, "hi"},
        {"two members", hi + hi, "hihi"},
        {"an empty member between", hi + empty + hi, "hihi"},
        {"with a name", named, "hi"},
        {"with an extra field", extra, "hi"},
        {"trailing bytes", hi + "x", "!gzip.trailing-bytes"},
        {"trailing zeros", hi + std::string(512, '\0'), "!gzip.trailing-bytes"},
        {"trailing magic", hi + "\x1f", "!gzip.trailing-bytes"},
        {"cut in the header", hi.substr(0, 9), "!gzip.truncated"},
        {"cut in the data", hi.substr(0, 11), "!gzip.truncated"},
        {"cut in the trailer", hi.substr(0, hi.size() - 1), "!gzip.truncated"},
        {"a second member cut off", hi + hi.substr(0, 12), "!gzip.truncated"},
        {"wrong CRC", flipped, "!gzip.checksum"},
        {"wrong length", longer, "!gzip.checksum"},
        {"wrong header CRC", hex("1f8b08020000000000ff0000") + deflated, "!gzip.checksum"},
        {"reserved flag", hex("1f8b08800000000000ff") + deflated, "!gzip.header"},
        {"unknown method", hex("1f8b07000000000000ff") + deflated, "!gzip.header"},
        {"bad data", hex("1f8b08000000000000ffff") + deflated, "!gzip.data"},
        {"flood of empty members", flood, "!gzip.empty-members"},
        {"not compressed", "plain text", "plain text"},
        {"empty", "", ""},
        {"short", "\x1f", "\x1f"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(read_compressed(row.bytes), row.text) << row.fact;
        EXPECT_EQ(read_compressed(row.bytes, {}, 1), row.text) << row.fact << ", byte by byte";
    }
}

TEST(Decompressed, ReadsWhatOthersCompress) {
    const test::TempFolder folder;
    std::string text;
    for (int i = 0; i < 100'000; ++i) {
        text += std::to_string(i * 7919 % 10007) + "\n";
    }
    folder.write("plain", text);
    const std::string plain = (folder / "plain").string();
    for (const std::vector<std::string>& command :
         {std::vector<std::string>{"gzip", "-k", plain},
          {"zstd", "-q", plain, "-o", plain + ".gz", "-f"},
          {"pigz", "-i", "-b", "128", "-kf", plain}}) {
        const std::string output = test::output_of(command);
        if (output.find("not_found") != std::string::npos || output.starts_with("<")) {
            std::cout << command.front() << " is not here: " << output << "\n";
            continue;
        }
        EXPECT_EQ(read_compressed(test::slurp(plain + ".gz")), text) << command.front();
    }
}

TEST(Decompressed, ReadsZstd) {
    // "hello" as zstd -1 without and with a content checksum.
    const std::string frame = hex("28b52ffd200529000068656c6c6f");
    const std::string skippable = hex("502a4d1802000000abcd");
    const struct {
        const char* fact;
        std::string bytes;
        std::string text;
    } rows[] = {
        {"one frame", frame, "hello"},
        {"two frames", frame + frame, "hellohello"},
        {"skippable first", skippable + frame, "hello"},
        {"skippable last", frame + skippable, "hello"},
        {"trailing bytes", frame + "x123", "!zstd.trailing-bytes"},
        {"cut off", frame.substr(0, frame.size() - 1), "!zstd.truncated"},
        {"window of 4 GiB", hex("28b52ffd00b0290000") + "hello", "!zstd.window"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(read_compressed(row.bytes), row.text) << row.fact;
        EXPECT_EQ(read_compressed(row.bytes, {}, 1), row.text) << row.fact << ", byte by byte";
    }
}

TEST(Decompressed, StopsBombs) {
    const std::string bomb = test::gzip(std::string(100u << 20, '\0'));
    EXPECT_EQ(read_compressed(bomb), "!archive.ratio");
    EXPECT_EQ(read_compressed(bomb, {.max_total_size = 1000}), "!archive.too-large");
    EXPECT_EQ(read_compressed(bomb, {.max_ratio = 2000}).size(), 100u << 20);
}

}  // namespace
}  // namespace envpack::archive
