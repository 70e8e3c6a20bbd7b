#include "envpack/archive/zip_reader.hpp"

#include "archive_fixtures.hpp"
#include "support/host_python.hpp"
#include "support/temp_folder.hpp"
#include "support/wheel_builder.hpp"

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace envpack::archive {
namespace {

using Members = std::vector<test::WheelBuilder::Member>;

/// "path=text …" in the order of entries(), or the rule.
std::string read_zip(const std::string& bytes, const Limits& limits = {}) {
    const test::TempFolder folder;
    const auto zip = ZipReader::open(folder.write("a.zip", bytes), limits);
    if (!zip) {
        return "!" + test::rule_of(zip);
    }
    std::string all;
    for (const ZipEntry& entry : zip->entries()) {
        all += all.empty() ? "" : " ";
        all += entry.path.str();
        if (entry.is_directory) {
            all += "/";
            continue;
        }
        const auto text = test::all_of(entry.content.open());
        all += text ? "=" + *text : "!" + test::rule_of(text);
    }
    return all;
}

std::string zip(const Members& members) {
    return test::WheelBuilder::zip(members);
}

// Where the fields of a one-member archive are, counted from the record's start.
constexpr std::size_t local_flags = 6;
constexpr std::size_t local_method = 8;
constexpr std::size_t local_crc = 14;
constexpr std::size_t local_packed = 18;
constexpr std::size_t local_size = 22;
constexpr std::size_t local_name = 30;
constexpr std::size_t central_flags = 8;
constexpr std::size_t central_method = 10;
constexpr std::size_t central_crc = 16;
constexpr std::size_t central_packed = 20;
constexpr std::size_t central_size = 24;
constexpr std::size_t central_disk = 34;
constexpr std::size_t central_mode = 40;
constexpr std::size_t central_offset = 42;
constexpr std::size_t central_name = 46;
constexpr std::size_t end_disk = 4;
constexpr std::size_t end_entries = 8;
constexpr std::size_t end_size = 12;
constexpr std::size_t end_offset = 16;

/// An archive of the stored file `foo` = "12345678", with bytes of it changed.
class Forgery {
public:
    Forgery() : bytes_(zip({{"foo", "12345678", false, false}})) {}
    Forgery& local(std::size_t field, char value) { return set(0, field, value); }
    Forgery& central(std::size_t field, char value) { return set(41, field, value); }
    Forgery& end(std::size_t field, char value) { return set(41 + 49, field, value); }
    Forgery& both(std::size_t in_local, std::size_t in_central, char value) {
        return local(in_local, value).central(in_central, value);
    }
    const std::string& bytes() const { return bytes_; }

private:
    Forgery& set(std::size_t record, std::size_t field, char value) {
        bytes_.at(record + field) = value;
        return *this;
    }
    std::string bytes_;
};

TEST(ZipReader, ReadsHonestArchives) {
    EXPECT_EQ(read_zip(Forgery().bytes()), "foo=12345678");
    EXPECT_EQ(read_zip(zip({})), "");
    EXPECT_EQ(read_zip(zip({{"b/", "", false, false},
                            {"b/x", "deflated", false, true},
                            {"a", "", false, false},
                            {"a-b", "1", false, false}})),
              "a= a-b=1 b/ b/x=deflated");
    EXPECT_EQ(read_zip(zip({{"na\xc3\xafve", "1", false, false}})), "na\xc3\xafve=1");
}

TEST(ZipReader, TakesOnlyTheExecBitFromModes) {
    const test::TempFolder folder;
    const auto path = folder.write(
        "a.zip",
        zip({{"d/", "", false, false}, {"d/run", "", true, false}, {"d/text", "", false, false}}));
    const auto opened = ZipReader::open(path);
    ASSERT_TRUE(opened.has_value()) << opened.error().render();
    const auto mode = [&](const char* name) {
        return opened->find(SafePath::normalize(name).value())->mode;
    };
    EXPECT_EQ(mode("d"), 0755u);
    EXPECT_EQ(mode("d/run"), 0755u);
    EXPECT_EQ(mode("d/text"), 0644u);
    EXPECT_EQ(opened->find(SafePath::normalize("none").value()), nullptr);
}

TEST(ZipReader, RefusesEveryDisagreement) {
    const std::string good = Forgery().bytes();
    const struct {
        const char* fact;
        std::string bytes;
        const char* rule;
    } rows[] = {
        {"empty file", "", "zip.end-record"},
        {"no zip", std::string(100, 'x'), "zip.end-record"},
        {"cut off", good.substr(0, good.size() - 1), "zip.end-record"},
        {"cut in the middle", good.substr(0, 50), "zip.end-record"},
        {"appended", good + "x", "zip.trailing-bytes"},
        {"prepended", "x" + good, "zip.prepended-bytes"},
        {"twice", good + good, "zip.prepended-bytes"},
        {"two end records", good + good.substr(good.size() - 22), "zip.prepended-bytes"},
        {"name here", Forgery().local(local_name, 'x').bytes(), "zip.local-header"},
        {"name there", Forgery().central(central_name, 'x').bytes(), "zip.local-header"},
        {"flags", Forgery().local(local_flags, 2).bytes(), "zip.local-header"},
        {"descriptor announced there only", Forgery().central(central_flags, 8).bytes(),
         "zip.local-header"},
        {"descriptor announced here only", Forgery().local(local_flags, 8).bytes(),
         "zip.data-descriptor"},
        {"method", Forgery().local(local_method, 8).bytes(), "zip.local-header"},
        {"CRC", Forgery().local(local_crc, 1).bytes(), "zip.local-header"},
        {"packed size", Forgery().local(local_packed, 9).bytes(), "zip.local-header"},
        {"size", Forgery().local(local_size, 9).bytes(), "zip.local-header"},
        {"packed size there", Forgery().central(central_packed, 7).bytes(), "zip.size"},
        {"sizes shorter",
         Forgery().both(local_packed, central_packed, 7).both(local_size, central_size, 7).bytes(),
         "zip.gap"},
        {"sizes longer",
         Forgery().both(local_packed, central_packed, 9).both(local_size, central_size, 9).bytes(),
         "zip.overlap"},
        {"offset", Forgery().central(central_offset, 1).bytes(), "zip.prepended-bytes"},
        {"disk", Forgery().central(central_disk, 1).bytes(), "zip.multi-disk"},
        {"end: disk", Forgery().end(end_disk, 1).bytes(), "zip.multi-disk"},
        {"end: entries", Forgery().end(end_entries, 2).bytes(), "zip.multi-disk"},
        {"end: entries on all disks", Forgery().end(end_entries, 2).end(end_entries + 2, 2).bytes(),
         "zip.directory"},
        {"end: no entries", Forgery().end(end_entries, 0).end(end_entries + 2, 0).bytes(),
         "zip.directory"},
        {"end: size", Forgery().end(end_size, 0).bytes(), "zip.prepended-bytes"},
        {"end: offset", Forgery().end(end_offset, 0).bytes(), "zip.prepended-bytes"},
        {"end: size beyond the file", Forgery().end(end_size + 3, 1).bytes(), "zip.directory"},
        {"encrypted", Forgery().both(local_flags, central_flags, 1).bytes(), "zip.encrypted"},
        {"strong encryption", Forgery().both(local_flags, central_flags, 0x40).bytes(),
         "zip.encrypted"},
        {"patch data", Forgery().both(local_flags, central_flags, 0x20).bytes(), "zip.flags"},
        {"bzip2", Forgery().both(local_method, central_method, 12).bytes(), "zip.method"},
        {"zstd", Forgery().both(local_method, central_method, 93).bytes(), "zip.method"},
        {"symlink", Forgery().central(central_mode + 1, '\xa1').bytes(), "zip.file-type"},
        {"fifo", Forgery().central(central_mode + 1, '\x11').bytes(), "zip.file-type"},
        {"folder without a slash", Forgery().central(central_mode + 1, '\x41').bytes(),
         "zip.file-type"},
        {"DOS folder without a slash", Forgery().central(38, 0x10).bytes(), "zip.file-type"},
        {"file with a slash", Forgery().both(local_name + 2, central_name + 2, '/').bytes(),
         "zip.file-type"},
        {"name with NUL", Forgery().both(local_name, central_name, '\0').bytes(), "zip.name"},
        {"absolute name", Forgery().both(local_name, central_name, '/').bytes(), "zip.name"},
        {"backslash", Forgery().both(local_name + 1, central_name + 1, '\\').bytes(), "zip.name"},
        {"parent", zip({{"../x", "", false, false}}), "zip.name"},
        {"parent inside", zip({{"a/../x", "", false, false}}), "zip.name"},
        {"doubled slash", zip({{"a//x", "", false, false}}), "zip.name"},
        {"current folder", zip({{"./x", "", false, false}}), "zip.name"},
        {"drive", zip({{"C:x", "", false, false}}), "zip.name"},
        {"no name", zip({{"", "", false, false}}), "zip.name"},
        {"only a slash", zip({{"/", "", false, false}}), "zip.name"},
        {"invalid UTF-8", zip({{"\xff", "", false, false}}), "zip.name"},
        {"UTF-8 without the flag",
         [] {
             std::string bytes = zip({{"\xc3\xa9", "", false, false}});
             bytes[local_flags + 1] = 0;
             bytes[32 + central_flags + 1] = 0;
             return bytes;
         }(),
         "zip.name-encoding"},
        {"duplicate", zip({{"a", "1", false, false}, {"a", "1", false, false}}),
         "zip.duplicate-name"},
        {"file and folder", zip({{"a", "1", false, false}, {"a/", "", false, false}}),
         "zip.duplicate-name"},
        {"below a file",
         zip({{"a", "", false, false}, {"a.b", "", false, false}, {"a/b/c", "", false, false}}),
         "zip.file-as-directory"},
        {"folder with bytes", zip({{"a/", "1", false, false}}), "zip.directory-payload"},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(read_zip(row.bytes), "!" + std::string(row.rule)) << row.fact;
    }
}

TEST(ZipReader, ContentIsCheckedWhileItIsRead) {
    EXPECT_EQ(read_zip(Forgery().both(local_crc, central_crc, 1).bytes()), "foo!deflate.checksum");
}

TEST(ZipReader, KeepsToItsLimits) {
    const std::string bytes = zip({{"a", "12345", false, false}, {"b", "1", false, false}});
    EXPECT_EQ(read_zip(bytes, {.max_entries = 1}), "!zip.too-many-entries");
    EXPECT_EQ(read_zip(bytes, {.max_entry_size = 4}), "!zip.entry-too-large");
    EXPECT_EQ(read_zip(bytes, {.max_total_size = 5}), "!zip.too-large");
}

// Every single-byte change and every cut of an archive is either refused or read as the same
// names: never a crash, never something else that another reader would not see.
TEST(ZipReader, SurvivesEveryFlippedByte) {
    const std::string good = zip({{"a/", "", false, false}, {"a/b", "text", true, true}});
    for (std::size_t i = 0; i < good.size(); ++i) {
        for (const char flip : {'\x01', '\x80', '\xff'}) {
            std::string bytes = good;
            bytes[i] = static_cast<char>(bytes[i] ^ flip);
            read_zip(bytes);
        }
        read_zip(good.substr(0, i));
    }
}

TEST(ZipReader, SizesMayBeRepeatedAsZip64ValuesIfTheyAgree) {
    // Bazel's zipper writes its wheels like that. The 20 bytes go behind the name in the header.
    const auto archive = [](char repeated_size) {
        std::string bytes = zip({{"foo", "12345678", false, false}});
        std::string extra("\x01\x00\x10\x00", 4);
        extra += std::string(1, repeated_size) + std::string(7, '\0');
        extra += std::string("\x08") + std::string(7, '\0');
        constexpr std::size_t local_extra_size = 28;
        bytes[local_extra_size] = 20;
        bytes.insert(local_name + 3, extra);
        bytes[41 + 20 + 49 + end_offset] = 41 + 20;
        return bytes;
    };
    EXPECT_EQ(read_zip(archive(8)), "foo=12345678");
    EXPECT_EQ(read_zip(archive(9)), "!zip.zip64");
}

TEST(ZipReader, ReadsWhatPythonWrites) {
    const test::TempFolder folder;
    const std::string path = (folder / "p.zip").string();
    // Seekable and not, zip64 forced, folders: what build backends do.
    const std::string script =
        "import sys, zipfile\n"
        "class Pipe:\n"
        "    def __init__(self, f): self.f = f\n"
        "    def write(self, b): return self.f.write(b)\n"
        "    def flush(self): self.f.flush()\n"
        "raw = open(sys.argv[1], 'wb')\n"
        "z = zipfile.ZipFile(Pipe(raw) if sys.argv[2] == 'pipe' else raw, 'w', 8)\n"
        "z.writestr('d/', '')\n"
        "z.writestr('d/\\xe9', 'one' * 100)\n"
        "with z.open('d/big', 'w', force_zip64=True) as f: f.write(b'two')\n"
        "z.writestr(zipfile.ZipInfo('stored'), 'three')\n"
        "z.close(); raw.close()\n";
    std::string one;
    for (int i = 0; i < 100; ++i) {
        one += "one";
    }
    for (const char* const kind : {"file", "pipe"}) {
        ASSERT_EQ(test::output_of({"python3", "-c", script, path, kind}), "");
        EXPECT_EQ(read_zip(test::slurp(path)), "d/ d/big=two d/\xc3\xa9=" + one + " stored=three")
            << kind;
    }
}

}  // namespace
}  // namespace envpack::archive
