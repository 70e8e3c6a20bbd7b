#include "envpack/archive/content.hpp"

#include "archive_fixtures.hpp"
#include "envpack/archive/zip_reader.hpp"
#include "support/host_python.hpp"
#include "support/temp_folder.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::archive {
namespace {

/// A deflated text, and its CRC, out of a gzip member of ours.
struct Packed {
    std::string deflated;
    std::uint32_t crc32;
};
Packed pack(const std::string& text) {
    const std::string member = test::gzip(text, std::size_t{1} << 30);
    std::uint32_t crc = 0;
    for (std::size_t i = 4; i-- > 0;) {
        crc = crc << 8 | static_cast<unsigned char>(member[member.size() - 8 + i]);
    }
    return {member.substr(10, member.size() - 18), crc};
}

std::string text_or_rule(const Content& content) {
    const auto text = test::all_of(content.open());
    return text ? *text : "!" + test::rule_of(text);
}

TEST(Content, DeflatedIsExactOrRefused) {
    // Small ones are inflated at once, large ones in a stream: one behaviour.
    for (const std::size_t size : {std::size_t{0}, std::size_t{5}, std::size_t{5u << 20}}) {
        std::string text(size, 'a');
        for (std::size_t i = 0; i < size; i += 3) {
            text[i] = static_cast<char>('a' + i * i % 23);
        }
        const Packed packed = pack(text.empty() ? "x" : text);
        const std::string data = text.empty() ? std::string("\x03\0", 2) : packed.deflated;
        const std::uint32_t crc = text.empty() ? 0 : packed.crc32;
        const auto with = [&](const std::string& bytes, std::uint64_t length, std::uint32_t sum) {
            return text_or_rule(Content::of_deflated({nullptr, as_bytes(bytes), sum}, length));
        };
        EXPECT_EQ(with(data, size, crc), text) << size;
        EXPECT_EQ(with(data, size, crc ^ 1), "!deflate.checksum") << size;
        EXPECT_EQ(with(data, size + 1, crc), "!deflate.size") << size;
        EXPECT_EQ(with(data + "x", size, crc), "!deflate.trailing-bytes") << size;
        EXPECT_EQ(with(data.substr(0, data.size() - 1), size, crc), "!deflate.data") << size;
        if (size > 0) {
            EXPECT_EQ(with(data, size - 1, crc), "!deflate.size") << size;
        }
    }
}

TEST(Content, AnImpossibleSizeAllocatesNothing) {
    const Content content =
        Content::of_deflated({nullptr, as_bytes("\x03\0"), 0}, std::uint64_t{3} << 20);
    EXPECT_EQ(text_or_rule(content), "!deflate.size");
}

TEST(Content, StoredIsCheckedAgainstItsChecksum) {
    const Packed packed = pack("stored");
    EXPECT_EQ(text_or_rule(Content::of_stored(nullptr, as_bytes("stored"), packed.crc32)),
              "stored");
    EXPECT_EQ(text_or_rule(Content::of_stored(nullptr, as_bytes("stores"), packed.crc32)),
              "!deflate.checksum");
    EXPECT_EQ(text_or_rule(Content::of_stored(nullptr, {}, 0)), "");
    EXPECT_EQ(text_or_rule(Content::of_stored(nullptr, {}, 1)), "!deflate.checksum");
}

TEST(Content, FilesKeepTheirSize) {
    const test::TempFolder folder;
    const auto path = folder.write("file", "12345");
    EXPECT_EQ(text_or_rule(Content::of_file(path, 5)), "12345");
    EXPECT_EQ(test::all_of(Content::of_file(path, 4).open()).error().code(), ErrorCode::io_error);
    EXPECT_EQ(test::all_of(Content::of_file(path, 6).open()).error().code(), ErrorCode::io_error);
    EXPECT_EQ(test::all_of(Content::of_file(folder / "none", 0).open()).error().code(),
              ErrorCode::not_found);
}

TEST(Content, TextAndNothing) {
    EXPECT_EQ(text_or_rule(Content()), "");
    EXPECT_EQ(Content().size(), 0u);
    EXPECT_EQ(text_or_rule(Content::of_text("abc")), "abc");
}

PlannedEntry planned(const std::string& path, FileType type = FileType::regular,
                     const std::string& text = {}) {
    PlannedEntry entry{.path = SafePath::normalize(path).value(), .type = type};
    if (type == FileType::directory) {
        entry.mode = 0755;
    } else if (type == FileType::symlink) {
        entry.link_target = text;
    } else {
        entry.content = Content::of_text(text);
        entry.sha256 = Digest::of(as_bytes(text));
    }
    return entry;
}

std::string merged(std::vector<PlannedEntry> entries) {
    const auto all = merge_entries(std::move(entries));
    if (!all) {
        return "!" + test::rule_of(all);
    }
    std::string text;
    for (const PlannedEntry& entry : *all) {
        text += entry.path.str() + " ";
    }
    return text;
}

TEST(MergeEntries, SortsMergesAndRefuses) {
    const FileType folder = FileType::directory;
    const FileType link = FileType::symlink;
    PlannedEntry executable = planned("a");
    executable.mode = 0755;
    PlannedEntry unhashed = planned("a");
    unhashed.sha256.reset();
    const struct {
        const char* fact;
        std::vector<PlannedEntry> entries;
        const char* merged;
    } rows[] = {
        {"nothing", {}, ""},
        {"bytewise, a folder before its children",
         {planned("b"), planned("a/x"), planned("a-b"), planned("a", folder), planned("B")},
         "B a a-b a/x b "},
        {"equal folders", {planned("a", folder), planned("a", folder)}, "a "},
        {"equal files", {planned("a"), planned("a")}, "a "},
        {"equal links", {planned("a", link, "t"), planned("a", link, "t")}, "a "},
        {"other bytes",
         {planned("a"), planned("a", FileType::regular, "x")},
         "!plan.path-conflict"},
        {"other mode", {planned("a"), executable}, "!plan.path-conflict"},
        {"no digest to compare", {unhashed, unhashed}, "!plan.path-conflict"},
        {"other target", {planned("a", link, "t"), planned("a", link, "u")}, "!plan.path-conflict"},
        {"file and folder", {planned("a"), planned("a", folder)}, "!plan.path-conflict"},
        {"below a file", {planned("a"), planned("a-b"), planned("a/b/c")}, "!plan.path-conflict"},
        {"below a link", {planned("a", link, "t"), planned("a/b")}, "!plan.path-conflict"},
        {"the root", {planned("", folder)}, "!plan.path-conflict"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(merged(row.entries), row.merged) << row.fact;
    }
}

}  // namespace
}  // namespace envpack::archive
