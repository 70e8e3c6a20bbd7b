#pragma once

#include "envpack/base/bytes.hpp"
#include "envpack/base/digest.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace envpack::test {

/// Writes small wheels for tests: honest ones by default, with every lie that a test needs.
/// Deflated members are made of stored DEFLATE blocks, so that no compressor is needed; they are
/// long enough to be told from method 0. Every file gets a right RECORD row unless record() says
/// otherwise. One thread.
class WheelBuilder {
public:
    struct Member {
        std::string path;
        std::string text;
        bool executable = false;
        bool deflated = true;
    };

    explicit WheelBuilder(std::string name = "demo", std::string version = "1.0",
                          std::string tag = "py3-none-any")
        : stem_(name + "-" + version), filename_(stem_ + "-" + tag + ".whl") {
        add(dist_info("METADATA"),
            "Metadata-Version: 2.1\nName: " + name + "\nVersion: " + version + "\n\nA text.\n");
        add(dist_info("WHEEL"),
            "Wheel-Version: 1.0\nGenerator: envpack tests\n"
            "Root-Is-Purelib: true\nTag: " +
                tag + "\n");
    }

    /// Adds a member, or replaces the one with this path.
    WheelBuilder& add(std::string path, std::string text, bool executable = false,
                      bool deflated = true) {
        remove(path);
        members_.push_back({std::move(path), std::move(text), executable, deflated});
        return *this;
    }
    WheelBuilder& remove(std::string_view path) {
        std::erase_if(members_, [&](const Member& member) { return member.path == path; });
        return *this;
    }
    WheelBuilder& entry_points(std::string text) {
        return add(dist_info("entry_points.txt"), std::move(text));
    }
    /// The whole of RECORD, instead of the right one.
    WheelBuilder& record(std::string text) {
        record_ = std::move(text);
        return *this;
    }
    /// A wheel without RECORD.
    WheelBuilder& no_record() {
        has_record_ = false;
        return *this;
    }
    WheelBuilder& filename(std::string filename) {
        filename_ = std::move(filename);
        return *this;
    }

    const std::string& filename() const { return filename_; }
    std::string dist_info(std::string_view name) const {
        return stem_ + ".dist-info/" + std::string(name);
    }
    std::string data(std::string_view path) const { return stem_ + ".data/" + std::string(path); }

    /// The right RECORD of what was added so far; rows can be taken out or changed.
    std::vector<std::string> record_rows() const {
        std::vector<std::string> rows;
        for (const Member& member : members_) {
            rows.push_back(record_row(member.path, member.text));
        }
        rows.push_back(dist_info("RECORD") + ",,\n");
        return rows;
    }
    static std::string record_row(std::string_view path, std::string_view text) {
        const bool quoted = path.find_first_of(",\"") != std::string_view::npos;
        return (quoted ? "\"" + std::string(path) + "\"" : std::string(path)) +
               ",sha256=" + Digest::of(as_bytes(text)).base64url() + "," +
               std::to_string(text.size()) + "\n";
    }

    /// The archive.
    std::string bytes() const {
        std::vector<Member> all = members_;
        if (has_record_) {
            std::string text;
            for (const std::string& row : record_rows()) {
                text += row;
            }
            all.push_back({dist_info("RECORD"), record_.value_or(text), false, true});
        }
        return zip(all);
    }
    /// Writes the archive into `folder` under filename().
    std::filesystem::path write(const std::filesystem::path& folder) const {
        const std::filesystem::path path = folder / filename_;
        std::ofstream file(path, std::ios::binary);
        const std::string archive = bytes();
        file.write(archive.data(), static_cast<std::streamsize>(archive.size()));
        return path;
    }

    /// A zip archive of exactly these members, in this order.
    static std::string zip(const std::vector<Member>& members) {
        std::string out;
        std::string directory;
        for (const Member& member : members) {
            const bool is_directory = member.path.ends_with('/');
            const bool deflated = member.deflated && !is_directory;
            const std::string packed = deflated ? stored_blocks(member.text) : member.text;
            const std::size_t offset = out.size();
            const std::uint32_t mode = is_directory        ? 040755u
                                       : member.executable ? 0100755u
                                                           : 0100644u;
            std::string common;     // the fields that both headers share
            put16(common, 20);      // version needed
            put16(common, 0x0800);  // flags: names are UTF-8
            put16(common, deflated ? 8 : 0);
            put32(common, 0x00210000);  // 1980-01-01 00:00
            put32(common, crc32(member.text));
            put32(common, packed.size());
            put32(common, member.text.size());
            put16(common, member.path.size());
            put16(common, 0);  // extra field
            out += "PK\x03\x04" + common + member.path + packed;
            directory += "PK\x01\x02";
            put16(directory, 0x0314);  // made by Unix
            directory += common;
            put16(directory, 0);  // comment
            put16(directory, 0);  // disk
            put16(directory, 0);  // internal attributes
            put32(directory, std::size_t{mode} << 16);
            put32(directory, offset);
            directory += member.path;
        }
        const std::size_t offset = out.size();
        out += directory;
        out += "PK\x05\x06";
        put32(out, 0);
        put16(out, members.size());
        put16(out, members.size());
        put32(out, directory.size());
        put32(out, offset);
        put16(out, 0);
        return out;
    }

private:
    static void put16(std::string& out, std::size_t value) {
        out += static_cast<char>(value & 0xff);
        out += static_cast<char>(value >> 8 & 0xff);
    }
    static void put32(std::string& out, std::size_t value) {
        put16(out, value & 0xffff);
        put16(out, value >> 16 & 0xffff);
    }
    // RFC 1951, 3.2.4: each block is a byte with the final bit, LEN, its complement, the bytes.
    static std::string stored_blocks(std::string_view text) {
        constexpr std::size_t block = 0xffff;
        std::string out;
        do {
            const std::string_view piece = text.substr(0, block);
            text.remove_prefix(piece.size());
            out += text.empty() ? '\x01' : '\x00';
            put16(out, piece.size());
            put16(out, ~piece.size() & 0xffff);
            out += piece;
        } while (!text.empty());
        return out;
    }
    static std::size_t crc32(std::string_view text) {
        std::uint32_t crc = 0xffffffff;
        for (const char c : text) {
            crc ^= static_cast<unsigned char>(c);
            for (int bit = 0; bit < 8; ++bit) {
                crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0u);
            }
        }
        return crc ^ 0xffffffff;
    }

    std::string stem_;
    std::string filename_;
    std::vector<Member> members_;
    std::optional<std::string> record_;
    bool has_record_ = true;
};

}  // namespace envpack::test
