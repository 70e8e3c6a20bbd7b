#include "rpm_packages.hpp"

#include "envpack/base/text.hpp"
#include "read_limits.hpp"
#include "tree_text.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <sqlite3.h>

#include <fmt/format.h>

namespace envpack::env {
namespace {

/// Where rpm keeps it: /var/lib/rpm, since Fedora 36 a link to the other.
constexpr std::array<std::string_view, 2> rpm_databases{"usr/lib/sysimage/rpm/rpmdb.sqlite",
                                                        "var/lib/rpm/rpmdb.sqlite"};
constexpr std::uint64_t max_rpm_database = std::uint64_t{64} << 20;
constexpr int max_rpm_header = 32 << 20;
/// Instructions of SQLite's virtual machine, of which a row takes some ten.
constexpr int steps_between_checks = 100'000;
constexpr int max_checks = 1'000;

// rpm/include/rpm/rpmtag.h
constexpr std::uint32_t tag_name = 1000;
constexpr std::uint32_t tag_version = 1001;
constexpr std::uint32_t tag_release = 1002;
constexpr std::uint32_t tag_epoch = 1003;
constexpr std::uint32_t tag_folder_of_file = 1116;  // RPMTAG_DIRINDEXES
constexpr std::uint32_t tag_file_names = 1117;      // RPMTAG_BASENAMES
constexpr std::uint32_t tag_folders = 1118;         // RPMTAG_DIRNAMES
constexpr std::uint32_t type_int32 = 4;
constexpr std::uint32_t type_string = 6;
constexpr std::uint32_t type_string_array = 8;
constexpr std::size_t entry_size = 16;
constexpr std::uint32_t max_entries = 0xffff;  // hdrchkTags() of rpm/lib/header.cc

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (const char byte : bytes.substr(at, 4)) {
        value = value << 8U | static_cast<unsigned char>(byte);
    }
    return value;
}

struct CloseDatabase {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
};
struct CloseStatement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, CloseStatement>;

Error damaged(sqlite3* database) {
    return Error(ErrorCode::io_error, fmt::format("the rpm database cannot be read: {}",
                                                  text::printable(sqlite3_errmsg(database))))
        .with_rule("rpm.database");
}

/// Nothing but reading columns of tables: a view in the file could ask for anything else.
int only_reading(void* /*unused*/, int action, const char* /*unused*/, const char* /*unused*/,
                 const char* /*unused*/, const char* /*unused*/) {
    return action == SQLITE_SELECT || action == SQLITE_READ ? SQLITE_OK : SQLITE_DENY;
}

struct Steps {
    const RunContext* run;
    int checks = 0;
};

int stops(void* data) {
    auto& steps = *static_cast<Steps*>(data);
    return ++steps.checks > max_checks || !steps.run->check() ? 1 : 0;
}

/// `bytes` is used as long as the database.
Result<Database> open_in_memory(std::string& bytes) {
    sqlite3* opened = nullptr;
    const int status =
        sqlite3_open_v2(":memory:", &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database(opened);
    if (status != SQLITE_OK) {
        return fail(damaged(opened));
    }
    // "set the file format version numbers (bytes 18 and 19) to 0x01": without that, a database in
    // WAL mode cannot be opened (sqlite.org/c3ref/deserialize.html). Its log is not merged.
    constexpr std::size_t write_version = 18;
    constexpr std::size_t read_version = 19;
    if (bytes.size() > read_version) {
        bytes[write_version] = '\x01';
        bytes[read_version] = '\x01';
    }
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, max_rpm_header);
    const auto size = static_cast<sqlite3_int64>(bytes.size());
    if (sqlite3_deserialize(opened, "main", reinterpret_cast<unsigned char*>(bytes.data()), size,
                            size, SQLITE_DESERIALIZE_READONLY) != SQLITE_OK) {
        return fail(damaged(opened));
    }
    sqlite3_set_authorizer(opened, only_reading, nullptr);
    return database;
}

Result<std::optional<std::string>> read_database(const archive::FileTree& tree) {
    for (const std::string_view place : rpm_databases) {
        ENVPACK_TRY(const SafePath path, SafePath::parse(place));
        ENVPACK_TRY(auto bytes, read_if_small(tree, path, max_rpm_database));
        if (bytes) {
            return bytes;
        }
    }
    return std::nullopt;
}

}  // namespace

RpmHeader::RpmHeader(std::string_view bytes) {
    constexpr std::size_t intro = 8;
    if (bytes.size() < intro) {
        return;
    }
    const std::uint32_t count = big_endian(bytes, 0);
    const std::uint32_t size = big_endian(bytes, 4);
    if (count > max_entries || bytes.size() - intro < count * entry_size ||
        bytes.size() - intro - count * entry_size < size) {
        return;
    }
    data_ = bytes.substr(intro + count * entry_size, size);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::size_t at = intro + i * entry_size;
        entries_.push_back({.tag = big_endian(bytes, at),
                            .type = big_endian(bytes, at + 4),
                            .offset = big_endian(bytes, at + 8),
                            .count = big_endian(bytes, at + 12)});
    }
}

const RpmHeader::Entry* RpmHeader::find(std::uint32_t tag, std::uint32_t type) const {
    const auto found = std::ranges::find_if(
        entries_, [&](const Entry& one) { return one.tag == tag && one.type == type; });
    return found != entries_.end() && found->offset < data_.size() ? &*found : nullptr;
}

std::vector<std::string_view> RpmHeader::texts(std::uint32_t tag) const {
    std::vector<std::string_view> found;
    const Entry* entry = find(tag, type_string_array);
    entry = entry == nullptr ? find(tag, type_string) : entry;
    std::string_view rest = entry == nullptr ? std::string_view() : data_.substr(entry->offset);
    for (std::uint32_t i = 0; entry != nullptr && i < entry->count; ++i) {
        const std::size_t end = rest.find('\0');
        if (end == std::string_view::npos) {
            break;
        }
        found.push_back(rest.substr(0, end));
        rest.remove_prefix(end + 1);
    }
    return found;
}

std::vector<std::uint32_t> RpmHeader::numbers(std::uint32_t tag) const {
    std::vector<std::uint32_t> found;
    const Entry* const entry = find(tag, type_int32);
    if (entry == nullptr || (data_.size() - entry->offset) / 4 < entry->count) {
        return found;
    }
    for (std::uint32_t i = 0; i < entry->count; ++i) {
        found.push_back(big_endian(data_, entry->offset + std::size_t{4} * i));
    }
    return found;
}

std::string_view RpmHeader::name() const {
    const auto found = texts(tag_name);
    return found.empty() ? std::string_view() : found.front();
}

std::string_view RpmHeader::version() const {
    const auto found = texts(tag_version);
    return found.empty() ? std::string_view() : found.front();
}

std::string RpmHeader::full_version() const {
    const auto epoch = numbers(tag_epoch);
    const auto release = texts(tag_release);
    return fmt::format("{}{}{}{}", epoch.empty() ? "" : fmt::format("{}:", epoch.front()),
                       version(), release.empty() ? "" : "-",
                       release.empty() ? "" : release.front());
}

void RpmHeader::for_each_file(const std::function<void(std::string_view)>& visit) const {
    const auto folders = texts(tag_folders);
    const auto indexes = numbers(tag_folder_of_file);
    const auto names = texts(tag_file_names);
    std::string path;
    for (std::size_t i = 0; i < std::min(names.size(), indexes.size()); ++i) {
        if (indexes[i] < folders.size()) {
            path = folders[indexes[i]];
            path += names[i];
            visit(path);
        }
    }
}

Result<void> for_each_rpm_package(const archive::FileTree& tree,
                                  const std::function<void(const RpmHeader&)>& visit,
                                  const RunContext& run) {
    ENVPACK_TRY(std::optional<std::string> bytes, read_database(tree));
    if (!bytes) {
        return {};
    }
    ENVPACK_TRY(const Database database, open_in_memory(*bytes));
    Steps steps{.run = &run};
    sqlite3_progress_handler(database.get(), steps_between_checks, stops, &steps);
    sqlite3_stmt* prepared = nullptr;
    const int status =
        sqlite3_prepare_v2(database.get(), "SELECT blob FROM Packages", -1, &prepared, nullptr);
    const Statement statement(prepared);
    if (status != SQLITE_OK) {
        return fail(damaged(database.get()));
    }
    int row = sqlite3_step(prepared);
    for (; row == SQLITE_ROW; row = sqlite3_step(prepared)) {
        const void* const blob = sqlite3_column_blob(prepared, 0);
        const auto size = static_cast<std::size_t>(sqlite3_column_bytes(prepared, 0));
        visit(RpmHeader(blob == nullptr ? std::string_view()
                                        : std::string_view(static_cast<const char*>(blob), size)));
    }
    ENVPACK_CHECK(run.check());
    if (row != SQLITE_DONE) {
        return fail(damaged(database.get()));
    }
    return {};
}

bool is_rpm_database(const SafePath& path, const archive::FileInfo& info) {
    return info.type == archive::FileType::regular && info.size <= max_rpm_database &&
           std::ranges::find(rpm_databases, path.str()) != rpm_databases.end();
}

}  // namespace envpack::env
