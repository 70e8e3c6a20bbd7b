#pragma once

#include <cstdint>
#include <sqlite3.h>
#include <stdexcept>
#include <string>
#include <vector>

// Databases as rpm writes them; tests/cli/test_rpm.py has those of rpm itself.

namespace envpack::env::test {

struct RpmRow {
    std::string name;
    std::string version;
    std::string release;
    std::int64_t epoch = -1;  ///< -1: none
    std::vector<std::string> files = {};
};

inline void put32(std::string& to, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        to += static_cast<char>(value >> static_cast<unsigned>(shift) & 0xffU);
    }
}

inline std::string rpm_header(const RpmRow& row) {
    std::string entries;
    std::string data;
    std::uint32_t count = 0;
    const auto entry = [&](std::uint32_t tag, std::uint32_t type, std::size_t number) {
        put32(entries, tag);
        put32(entries, type);
        put32(entries, static_cast<std::uint32_t>(data.size()));
        put32(entries, static_cast<std::uint32_t>(number));
        ++count;
    };
    for (const auto& [tag, text] :
         {std::pair(1000U, &row.name), {1001U, &row.version}, {1002U, &row.release}}) {
        entry(tag, 6, 1);
        data += *text + '\0';
    }
    while (data.size() % 4 != 0) {
        data += '\0';
    }
    if (row.epoch >= 0) {
        entry(1003, 4, 1);
        put32(data, static_cast<std::uint32_t>(row.epoch));
    }
    entry(1116, 4, row.files.size());
    for (std::uint32_t i = 0; i < row.files.size(); ++i) {
        put32(data, i);
    }
    entry(1117, 8, row.files.size());
    for (const std::string& file : row.files) {
        data += file.substr(file.rfind('/') + 1) + '\0';
    }
    entry(1118, 8, row.files.size());
    for (const std::string& file : row.files) {
        data += file.substr(0, file.rfind('/') + 1) + '\0';
    }
    std::string header;
    put32(header, count);
    put32(header, static_cast<std::uint32_t>(data.size()));
    return header + entries + data;
}

/// What SQLite makes of `sql`, in WAL mode as rpm has it; `?` stands for `blob` where it is given.
inline std::string sqlite_database(const std::vector<std::pair<std::string, std::string>>& sql) {
    sqlite3* database = nullptr;
    sqlite3_open(":memory:", &database);
    for (const auto& [text, blob] : sql) {
        sqlite3_stmt* statement = nullptr;
        sqlite3_prepare_v2(database, text.c_str(), -1, &statement, nullptr);
        if (!blob.empty()) {
            sqlite3_bind_blob(statement, 1, blob.data(), static_cast<int>(blob.size()),
                              SQLITE_TRANSIENT);
        }
        const int status = sqlite3_step(statement);
        sqlite3_finalize(statement);
        if (status != SQLITE_DONE) {
            throw std::runtime_error(sqlite3_errmsg(database));
        }
    }
    sqlite3_int64 size = 0;
    unsigned char* const bytes = sqlite3_serialize(database, "main", &size, 0);
    std::string result(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    sqlite3_free(bytes);
    sqlite3_close(database);
    result[18] = result[19] = '\x02';
    return result;
}

inline std::string rpm_database(const std::vector<RpmRow>& rows) {
    std::vector<std::pair<std::string, std::string>> sql{
        {"CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)",
         ""}};
    for (const RpmRow& row : rows) {
        sql.emplace_back("INSERT INTO Packages (blob) VALUES (?)", rpm_header(row));
    }
    return sqlite_database(sql);
}

}  // namespace envpack::env::test
