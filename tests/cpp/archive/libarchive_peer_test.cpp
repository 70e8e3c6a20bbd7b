// libarchive reads what we write, and we read what it writes.

#include "archive_fixtures.hpp"
#include "envpack/archive/layer_writer.hpp"
#include "envpack/archive/tar_reader.hpp"

#include <array>
#include <clocale>
#include <map>
#include <string>
#include <tuple>

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

namespace envpack::archive {
namespace {

/// What both sides have to agree on: mode, owner, group, time, link target, content.
using Member =
    std::tuple<unsigned, std::int64_t, std::int64_t, std::int64_t, std::string, std::string>;
using Members = std::map<std::string, Member>;

/// libarchive needs a UTF-8 locale for names that are not ASCII.
class Libarchive : public testing::Test {
protected:
    void SetUp() override {
        before_ = std::setlocale(LC_CTYPE, nullptr);
        ASSERT_NE(std::setlocale(LC_CTYPE, "C.UTF-8"), nullptr);
    }
    void TearDown() override { std::setlocale(LC_CTYPE, before_.c_str()); }

private:
    std::string before_;
};

std::string long_name(std::size_t length) {
    std::string name = "opt";
    while (name.size() + 51 < length) {
        name += "/" + std::string(50, 'd');
    }
    return name + "/" + std::string(length - name.size() - 1, 'f');
}

Members members() {
    Members all;
    all["opt/text"] = {0644, 1001, 0, 315532800, "", "text\n"};
    all["opt/program"] = {0755, 1001, 0, 315532800, "", std::string(70'000, 'x')};
    all["opt/link"] = {0777, 1001, 0, 315532800, "text", ""};
    all["opt/long-link"] = {0777, 1001, 0, 315532800, long_name(300), ""};
    all["opt/na\xc3\xafve"] = {0644, 1001, 0, 315532800, "", "accent"};
    for (const std::size_t length : {99u, 100u, 101u, 155u, 254u, 257u, 600u}) {
        all[long_name(length)] = {0644, 1001, 0, 315532800, "", std::to_string(length)};
    }
    return all;
}

Members read_by_libarchive(const std::string& blob) {
    Members all;
    ::archive* const reader = ::archive_read_new();
    ::archive_read_support_filter_all(reader);
    ::archive_read_support_format_tar(reader);
    EXPECT_EQ(::archive_read_open_memory(reader, blob.data(), blob.size()), ARCHIVE_OK);
    ::archive_entry* entry = nullptr;
    int status = ARCHIVE_OK;
    while ((status = ::archive_read_next_header(reader, &entry)) == ARCHIVE_OK) {
        std::string text(static_cast<std::size_t>(::archive_entry_size(entry)), '\0');
        EXPECT_EQ(::archive_read_data(reader, text.data(), text.size()),
                  static_cast<la_ssize_t>(text.size()));
        const char* const link = ::archive_entry_symlink(entry);
        all[::archive_entry_pathname(entry)] = {
            ::archive_entry_perm(entry),  ::archive_entry_uid(entry),  ::archive_entry_gid(entry),
            ::archive_entry_mtime(entry), link == nullptr ? "" : link, text};
    }
    EXPECT_EQ(status, ARCHIVE_EOF) << ::archive_error_string(reader);
    ::archive_read_free(reader);
    return all;
}

std::string written_by_libarchive(const Members& all, int (*format)(::archive*),
                                  int (*filter)(::archive*)) {
    std::string blob(4u << 20, '\0');
    std::size_t used = 0;
    ::archive* const writer = ::archive_write_new();
    EXPECT_EQ(format(writer), ARCHIVE_OK);
    EXPECT_EQ(filter(writer), ARCHIVE_OK);
    ::archive_write_set_bytes_in_last_block(writer, 1);
    EXPECT_EQ(::archive_write_open_memory(writer, blob.data(), blob.size(), &used), ARCHIVE_OK);
    for (const auto& [path, member] : all) {
        const auto& [mode, uid, gid, mtime, target, text] = member;
        ::archive_entry* const entry = ::archive_entry_new();
        ::archive_entry_set_pathname(entry, path.c_str());
        ::archive_entry_set_filetype(entry, target.empty() ? AE_IFREG : AE_IFLNK);
        ::archive_entry_set_perm(entry, mode);
        ::archive_entry_set_uid(entry, uid);
        ::archive_entry_set_gid(entry, gid);
        ::archive_entry_set_mtime(entry, mtime, 0);
        ::archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
        if (!target.empty()) {
            ::archive_entry_set_symlink(entry, target.c_str());
        }
        EXPECT_EQ(::archive_write_header(writer, entry), ARCHIVE_OK)
            << path << ": " << ::archive_error_string(writer);
        ::archive_write_data(writer, text.data(), text.size());
        ::archive_entry_free(entry);
    }
    EXPECT_EQ(::archive_write_close(writer), ARCHIVE_OK);
    ::archive_write_free(writer);
    blob.resize(used);
    return blob;
}

Members read_by_us(const std::string& blob) {
    Members all;
    auto reader = TarReader::open(test::source_of(blob));
    EXPECT_TRUE(reader) << reader.error().render();
    while (reader) {
        const auto entry = reader->next();
        EXPECT_TRUE(entry) << entry.error().render();
        if (!entry || *entry == nullptr) {
            break;
        }
        const TarEntry member = **entry;
        std::string text(static_cast<std::size_t>(member.size), '\0');
        std::size_t filled = 0;
        while (const std::size_t got =
                   reader->read(std::as_writable_bytes(std::span(text)).subspan(filled)).value()) {
            filled += got;
        }
        EXPECT_EQ(filled, text.size());
        all[member.path] = {member.mode,
                            static_cast<std::int64_t>(member.uid),
                            static_cast<std::int64_t>(member.gid),
                            member.mtime,
                            member.link_target,
                            text};
    }
    return all;
}

TEST_F(Libarchive, ReadsOurLayers) {
    const Members all = members();
    std::vector<PlannedEntry> entries;
    for (const auto& [path, member] : all) {
        const auto& [mode, uid, gid, mtime, target, text] = member;
        entries.push_back({.path = SafePath::parse(path).value(),
                           .type = target.empty() ? FileType::regular : FileType::symlink,
                           .mode = mode,
                           .content = Content::of_text(text),
                           .link_target = target});
    }
    for (const Compression compression :
         {Compression::none, Compression::gzip, Compression::zstd}) {
        StringSink sink;
        const auto layer =
            write_layer(merge_entries(entries).value(),
                        {.uid = 1001, .mtime = 315532800, .compression = compression}, sink, {});
        ASSERT_TRUE(layer) << layer.error().render();
        EXPECT_EQ(read_by_libarchive(std::move(sink).take()), all);
    }
}

TEST_F(Libarchive, WritesWhatWeRead) {
    Members all = members();
    const std::array filters = {::archive_write_add_filter_none, ::archive_write_add_filter_gzip,
                                ::archive_write_add_filter_zstd};
    for (const auto filter : filters) {
        EXPECT_EQ(read_by_us(written_by_libarchive(all, ::archive_write_set_format_pax, filter)),
                  all);
        EXPECT_EQ(read_by_us(written_by_libarchive(all, ::archive_write_set_format_gnutar, filter)),
                  all);
    }
    // Old ustar has no way to say these.
    std::erase_if(all, [](const auto& item) {
        return item.first.size() > 250 || std::get<4>(item.second).size() > 100;
    });
    EXPECT_EQ(read_by_us(written_by_libarchive(all, ::archive_write_set_format_ustar,
                                               ::archive_write_add_filter_none)),
              all);
}

}  // namespace
}  // namespace envpack::archive
