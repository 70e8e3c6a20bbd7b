#include "archive_fixtures.hpp"
#include "envpack/archive/tar_reader.hpp"
#include "envpack/archive/tar_writer.hpp"
#include "envpack/base/digest.hpp"
#include "support/host_python.hpp"
#include "support/temp_folder.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::archive {
namespace {

using test::octal11;
using test::padded;
using test::pax_block;
using test::RawBlock;

const std::string end_blocks(1024, '\0');

/// "path:type:size:text" of every member, or the rule of the refusal.
std::string read_tar(std::string bytes, const Limits& limits = {}, std::size_t step = SIZE_MAX) {
    auto tar = TarReader::open(test::source_of(std::move(bytes), step), limits);
    if (!tar) {
        return test::rule_of(tar);
    }
    std::string all;
    for (;;) {
        const auto entry = tar->next();
        if (!entry) {
            return test::rule_of(entry);
        }
        if (*entry == nullptr) {
            return all;
        }
        const TarEntry& member = **entry;
        all += all.empty() ? "" : " ";
        all += member.path;
        all += member.hard_link ? "=" : member.type == FileType::symlink ? "->" : "";
        all += member.link_target;
        if (member.type == FileType::regular && !member.hard_link) {
            std::string text(member.size, '?');
            std::size_t filled = 0;
            while (filled < text.size()) {
                const auto got = tar->read(std::as_writable_bytes(std::span(text).subspan(filled)));
                if (!got) {
                    return test::rule_of(got);
                }
                filled += *got;
            }
            all += ":" + text;
        }
    }
}

std::string member(const std::string& name, const std::string& text) {
    return RawBlock{.name = name, .size = octal11(text.size())}.bytes() + padded(text);
}

TEST(TarReader, ReadsAsGoDoesOrRefuses) {
    const std::string body = "hello";
    const RawBlock five{.name = "f", .size = octal11(5)};
    const std::string base256 = std::string("\x80\0\0\0\0\0\0\0\0\0\0\x05", 12);
    const std::string huge = std::string("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12);
    const std::string negative = std::string(12, '\xff');
    const struct {
        const char* fact;
        std::string bytes;
        std::string read;
    } rows[] = {
        {"nothing at all", "", ""},
        {"end blocks only", end_blocks, ""},
        {"one file", member("f", "hello") + end_blocks, "f:hello"},
        {"padded to a record", member("f", "hello") + std::string(9216, '\0'), "f:hello"},
        {"without end blocks", member("f", "hello"), "f:hello"},
        {"one end block at the end", member("f", "hello") + std::string(512, '\0'), "f:hello"},
        {"prefix of ustar", RawBlock{.name = "b", .prefix = "a/p"}.bytes() + end_blocks, "a/p/b:"},
        {"GNU magic has no prefix",
         RawBlock{.name = "b", .prefix = "12345", .magic = std::string("ustar  \0", 8)}.bytes(),
         "b:"},
        {"v7 has no prefix",
         RawBlock{.name = "b", .prefix = "junk", .magic = std::string(8, '\0')}.bytes(), "b:"},
        {"v7 folder", RawBlock{.name = "d/", .type = '\0'}.bytes(), "d/"},
        {"base 256 size", RawBlock{.name = "f", .size = base256}.bytes() + padded(body), "f:hello"},
        {"size in spaces", RawBlock{.name = "f", .size = "         5 \0"}.bytes() + padded(body),
         "f:hello"},
        {"PAX path", pax_block("14 path=a/b/c\n") + member("x", "hello"), "a/b/c:hello"},
        {"PAX size", pax_block("10 size=5\n") + RawBlock{.name = "f"}.bytes() + padded(body),
         "f:hello"},
        {"PAX link", pax_block("14 linkpath=t\n") + RawBlock{.name = "l", .type = '2'}.bytes(),
         "l->t"},
        {"PAX xattr and time", pax_block("27 SCHILY.xattr.user.k=v\n\n") + member("f", ""),
         "tar.pax"},
        {"empty PAX value deletes", pax_block("8 path=\n") + member("f", ""), "f:"},
        {"global header with a time", pax_block("11 mtime=0\n", 'g') + member("f", ""), "f:"},
        {"global header with a comment", pax_block("12 comment=\n", 'g') + member("f", ""), "f:"},
        {"GNU long name",
         RawBlock{.name = "././@LongLink", .type = 'L', .size = octal11(4)}.bytes() +
             padded(std::string("abc\0", 4)) + member("x", "hello"),
         "abc:hello"},
        {"GNU long link and name",
         RawBlock{.name = "@", .type = 'K', .size = octal11(2)}.bytes() + padded("t") +
             RawBlock{.name = "@", .type = 'L', .size = octal11(2)}.bytes() + padded("n") +
             RawBlock{.name = "x", .type = '2', .link = "y"}.bytes(),
         "n->t"},
        {"hard link", RawBlock{.name = "b", .type = '1', .link = "a"}.bytes(), "b=a"},

        {"checksum", RawBlock{.checksum_error = 1}.bytes(), "tar.checksum"},
        {"size not octal", RawBlock{.size = "0000000000x"}.bytes(), "tar.number"},
        {"size negative", RawBlock{.size = negative}.bytes(), "tar.number"},
        {"size of 2^63 - 1", RawBlock{.size = huge}.bytes(), "archive.entry-too-large"},
        {"header cut off", member("f", "").substr(0, 300), "tar.truncated"},
        {"content cut off", member("f", "hello").substr(0, 514), "tar.truncated"},
        {"padding cut off", member("f", "hello").substr(0, 600), "tar.truncated"},
        {"zero block in the middle", std::string(512, '\0') + member("f", ""), "tar.end"},
        {"bytes after the end", end_blocks + member("f", ""), "tar.end"},
        {"no name", RawBlock{.name = ""}.bytes(), "tar.name"},
        {"file with the name of a folder", RawBlock{.name = "d/"}.bytes(), "tar.name"},
        {"folder with bytes", RawBlock{.type = '5', .size = octal11(5)}.bytes() + padded(body),
         "tar.payload"},
        {"fifo with bytes", RawBlock{.type = '6', .size = octal11(5)}.bytes() + padded(body),
         "tar.payload"},
        {"hard link with bytes", RawBlock{.type = '1', .size = octal11(5)}.bytes() + padded(body),
         "tar.payload"},
        {"GNU sparse", RawBlock{.type = 'S'}.bytes(), "tar.type"},
        {"GNU volume", RawBlock{.type = 'V'}.bytes(), "tar.type"},
        {"GNU dump folder", RawBlock{.type = 'D'}.bytes(), "tar.type"},
        {"contiguous", RawBlock{.type = '7'}.bytes(), "tar.type"},
        {"unknown type", RawBlock{.type = 'A'}.bytes(), "tar.type"},
        {"PAX sparse", pax_block("22 GNU.sparse.major=1\n") + member("f", ""), "tar.type"},
        {"PAX size unlike the header", pax_block("10 size=9\n") + member("f", "hello"), "tar.pax"},
        {"PAX length too long", pax_block("99 path=a\n") + member("f", ""), "tar.pax"},
        {"PAX length with zeros", pax_block("010 path=a\n") + member("f", ""), "tar.pax"},
        {"PAX without newline", pax_block("9 path=ab") + member("f", ""), "tar.pax"},
        {"PAX without key", pax_block("6 =ab\n") + member("f", ""), "tar.pax"},
        {"PAX NUL in path", pax_block(std::string("11 path=a\0b\n", 12)) + member("f", ""),
         "tar.pax"},
        {"PAX path twice", pax_block("10 path=a\n10 path=b\n") + member("f", ""),
         "tar.pax-duplicate"},
        {"PAX in another charset", pax_block("19 hdrcharset=UTF16\n") + member("f", ""), "tar.pax"},
        {"PAX header twice", pax_block("10 path=a\n") + pax_block("10 path=b\n") + member("f", ""),
         "tar.pax-order"},
        {"global between PAX and member",
         pax_block("10 path=a\n") + pax_block("12 comment=\n", 'g') + member("f", ""),
         "tar.pax-order"},
        {"PAX and GNU name",
         pax_block("10 path=a\n") + RawBlock{.name = "@", .type = 'L', .size = octal11(2)}.bytes() +
             padded("n") + member("f", ""),
         "tar.pax-order"},
        {"global size", pax_block("10 size=5\n", 'g') + member("f", ""), "tar.pax-global"},
        {"PAX header at the end", pax_block("10 path=a\n") + end_blocks, "tar.truncated"},
        {"PAX header of 2 MiB",
         RawBlock{.type = 'x', .size = octal11(2u << 20)}.bytes() + member("f", ""), "tar.pax"},
        {"five", five.bytes() + padded(body) + end_blocks, "f:hello"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(read_tar(row.bytes), row.read) << row.fact;
        EXPECT_EQ(read_tar(row.bytes, {}, 7), row.read) << row.fact << ", in small pieces";
    }
}

TEST(TarReader, KeepsToItsLimits) {
    const std::string tar = member("a", "12345") + member("b", "") + end_blocks;
    EXPECT_EQ(read_tar(tar, {.max_entries = 1}), "archive.too-many-entries");
    EXPECT_EQ(read_tar(tar, {.max_entry_size = 4}), "archive.entry-too-large");
    EXPECT_EQ(read_tar(tar, {.max_total_size = 1024}), "archive.too-large");
}

TEST(TarReader, PaxTimesAreRoundedDown) {
    const struct {
        const char* record;
        std::int64_t mtime;
    } rows[] = {{"13 mtime=1.9\n", 1}, {"14 mtime=-1.5\n", -2}, {"12 mtime=-1\n", -1}};
    for (const auto& row : rows) {
        auto tar = TarReader::open(test::source_of(pax_block(row.record) + member("f", "")));
        EXPECT_EQ((*tar->next())->mtime, row.mtime) << row.record;
    }
}

SafePath path_of(const std::string& text) {
    return SafePath::parse(text).value();
}

const std::string deep = "d" + std::string(90, 'e') + "/" + std::string(60, 'f') + "/g";
const std::string wide(101, 'w');

/// A member of every kind: what the golden digest stands on.
std::vector<TarHeader> all_kinds() {
    return {
        {.path = path_of("d"), .type = FileType::directory, .mode = 0755, .mtime = 1700000000},
        {.path = path_of("d/file"), .mode = 0644, .uid = 1000, .gid = 100, .size = 5},
        {.path = path_of("d/link"), .type = FileType::symlink, .mode = 0777, .link_target = "file"},
        {.path = path_of(deep), .mode = 0755},
        {.path = path_of(wide), .mode = 0644},
        {.path = path_of(wide + "/sub"), .type = FileType::directory, .mode = 0755},
        {.path = path_of("na\xc3\xafve"), .mode = 0644},
        {.path = path_of("far"),
         .type = FileType::symlink,
         .mode = 0777,
         .link_target = std::string(120, 't')},
        {.path = path_of("ids"), .uid = 3000000, .gid = 4294967294, .mtime = -1},
        {.path = path_of("x"), .xattrs = {{"security.capability", "\x01\x02"}, {"user.a", "b"}}},
    };
}

std::string all_kinds_tar() {
    std::string tar;
    for (const TarHeader& header : all_kinds()) {
        tar += tar_header_bytes(header) + padded(std::string(header.size, 'z'));
    }
    return tar + end_blocks;
}

TEST(TarWriter, BytesAreForEver) {
    EXPECT_EQ(Digest::of(as_bytes(all_kinds_tar())).hex(),
              "4918466a13bc496bfad81e82d4a2bd864037be6c57d377952971fcd6c3ab269b");
}

TEST(TarWriter, PaxOnlyWhenUstarCannotSayIt) {
    const struct {
        const char* fact;
        TarHeader header;
        std::size_t blocks;
    } rows[] = {
        {"plain", {.path = path_of("a")}, 1},
        {"100 bytes", {.path = path_of(std::string(100, 'a'))}, 1},
        {"101 bytes without a slash", {.path = path_of(std::string(101, 'a'))}, 3},
        {"prefix and name",
         {.path = path_of(std::string(155, 'p') + "/" + std::string(100, 'n'))},
         1},
        {"a prefix too long", {.path = path_of(std::string(156, 'p') + "/n")}, 3},
        {"a folder's slash counts",
         {.path = path_of(std::string(100, 'a')), .type = FileType::directory},
         3},
        {"not ASCII", {.path = path_of("\xc3\xa9")}, 3},
        {"a link of 100",
         {.path = path_of("l"), .type = FileType::symlink, .link_target = std::string(100, 't')},
         1},
        {"a link of 101",
         {.path = path_of("l"), .type = FileType::symlink, .link_target = std::string(101, 't')},
         3},
        {"just below 8 GiB", {.path = path_of("a"), .size = (std::uint64_t{8} << 30) - 1}, 1},
        {"8 GiB", {.path = path_of("a"), .size = std::uint64_t{8} << 30}, 3},
        {"before 1970", {.path = path_of("a"), .mtime = -1}, 3},
        {"large uid", {.path = path_of("a"), .uid = 2097152}, 3},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(tar_header_bytes(row.header).size(), row.blocks * 512) << row.fact;
    }
}

TEST(TarWriter, ReaderFindsEverythingAgain) {
    auto tar = TarReader::open(test::source_of(all_kinds_tar()));
    for (const TarHeader& header : all_kinds()) {
        const auto entry = tar->next();
        ASSERT_TRUE(entry.has_value()) << entry.error().render();
        ASSERT_NE(*entry, nullptr);
        const bool is_folder = header.type == FileType::directory;
        EXPECT_EQ((*entry)->path, header.path.str() + (is_folder ? "/" : ""));
        EXPECT_EQ((*entry)->type, header.type);
        EXPECT_EQ((*entry)->mode, header.mode);
        EXPECT_EQ((*entry)->uid, header.uid);
        EXPECT_EQ((*entry)->gid, header.gid);
        EXPECT_EQ((*entry)->mtime, header.mtime);
        EXPECT_EQ((*entry)->size, header.size);
        EXPECT_EQ((*entry)->link_target, header.link_target);
        EXPECT_EQ((*entry)->xattrs.size(), header.xattrs.size());
    }
    EXPECT_EQ(*tar->next(), nullptr);
}

std::string listing_of_all_kinds() {
    std::string all;
    for (const TarHeader& header : all_kinds()) {
        all += header.path.str() + " " + std::to_string(header.mode) + " " +
               std::to_string(header.uid) + " " + std::to_string(header.gid) + " " +
               std::to_string(header.mtime) + " " + std::to_string(header.size) + " " +
               header.link_target + "\n";
    }
    return std::string(text::trim(all));
}

TEST(TarWriter, PythonReadsTheSame) {
    const test::TempFolder folder;
    const auto path = folder.write("all.tar", all_kinds_tar());
    const std::string listed = test::output_of(
        {"python3", "-c",
         "import sys, tarfile\n"
         "for m in tarfile.open(sys.argv[1], errorlevel=2):\n"
         "    line = f'{m.name} {m.mode} {m.uid} {m.gid} {int(m.mtime)} {m.size} {m.linkname}\\n'\n"
         "    sys.stdout.buffer.write(line.encode())\n",
         path.string()});
    EXPECT_EQ(listed, listing_of_all_kinds());
}

TEST(TarWriter, GnuTarReadsTheSameNames) {
    const test::TempFolder folder;
    const auto path = folder.write("all.tar", all_kinds_tar());
    std::string names;
    for (const TarHeader& header : all_kinds()) {
        names += header.path.str() + (header.type == FileType::directory ? "/" : "") + "\n";
    }
    EXPECT_EQ(test::output_of({"tar", "--quoting-style=literal", "-tf", path.string()}),
              text::trim(names));
}

}  // namespace
}  // namespace envpack::archive
