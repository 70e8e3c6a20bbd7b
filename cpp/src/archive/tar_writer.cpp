#include "envpack/archive/tar_writer.hpp"

#include "envpack/base/assert.hpp"
#include "envpack/base/bytes.hpp"
#include "tar_header.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

// One name for all PAX headers: a pid or a counter would differ from build to build.
constexpr std::string_view pax_name = "@PaxHeader";
constexpr std::size_t max_name = 100;
constexpr std::size_t max_prefix = 155;
constexpr std::uint64_t max_id = 07777777;        // 7 octal digits
constexpr std::uint64_t max_size = 077777777777;  // 11 octal digits: below 8 GiB
constexpr std::uint32_t pax_mode = 0644;

struct Names {
    std::string_view prefix = {};
    std::string_view name = {};
};

bool is_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// `path` in the two fields of ustar: whole if it fits, else split at the last `/` that leaves the
/// prefix short enough, the same that Go's writer takes. nullopt when ustar cannot say it.
std::optional<Names> split_path(std::string_view path) {
    if (!is_ascii(path)) {
        return std::nullopt;
    }
    if (path.size() <= max_name) {
        return Names{{}, path};
    }
    // The slash at the end of a directory stays with its name.
    const std::size_t last = std::min(path.size() - 2, max_prefix);
    const std::size_t slash = path.rfind('/', last);
    if (slash == std::string_view::npos || slash == 0 || path.size() - slash - 1 > max_name) {
        return std::nullopt;
    }
    return Names{path.substr(0, slash), path.substr(slash + 1)};
}

char type_flag(FileType type) {
    switch (type) {
        case FileType::regular:
            return '0';
        case FileType::symlink:
            return '2';
        case FileType::directory:
            return '5';
        case FileType::other:
            break;
    }
    ENVPACK_ASSERT(false);
}

/// One header block; numbers that do not fit are written as 0 and said by the PAX header.
class Block {
public:
    void text(std::size_t offset, std::string_view value) {
        std::copy(value.begin(), value.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
    }
    void octal(std::size_t offset, std::size_t length, std::uint64_t value) {
        text(offset, fmt::format("{:0{}o}", value, length - 1));
    }
    void append_to(std::string& out) {
        const std::uint32_t sum = tar_checksum(std::as_bytes(std::span(bytes_)));
        text(148, fmt::format("{:06o}", sum));
        bytes_[154] = '\0';
        bytes_[155] = ' ';
        out.append(bytes_.data(), bytes_.size());
    }

private:
    std::array<char, tar_block> bytes_{};
};

struct Fields {
    Names names = {};
    std::string_view link = {};
    char type = '0';
    std::uint32_t mode = 0;
    std::uint64_t uid = 0;
    std::uint64_t gid = 0;
    std::uint64_t size = 0;
    std::int64_t mtime = 0;
};

bool fits(std::int64_t mtime) {
    return mtime >= 0 && static_cast<std::uint64_t>(mtime) <= max_size;
}

void append_block(std::string& out, const Fields& fields) {
    Block block;
    block.text(0, fields.names.name);
    block.octal(100, 8, fields.mode);
    block.octal(108, 8, fields.uid <= max_id ? fields.uid : 0);
    block.octal(116, 8, fields.gid <= max_id ? fields.gid : 0);
    block.octal(124, 12, fields.size <= max_size ? fields.size : 0);
    block.octal(136, 12, fits(fields.mtime) ? static_cast<std::uint64_t>(fields.mtime) : 0);
    block.text(156, std::string_view(&fields.type, 1));
    block.text(157, fields.link);
    block.text(257, std::string_view("ustar\0"
                                     "00",
                                     8));
    block.octal(329, 8, 0);  // devmajor, devminor
    block.octal(337, 8, 0);
    block.text(345, fields.names.prefix);
    block.append_to(out);
}

/// "%d key=value\n", where the number counts itself too.
std::string pax_record(std::string_view key, std::string_view value) {
    const std::size_t rest = key.size() + value.size() + 3;
    std::size_t length = rest;
    while (length != rest + fmt::formatted_size("{}", length)) {
        length = rest + fmt::formatted_size("{}", length);
    }
    return fmt::format("{} {}={}\n", length, key, value);
}

}  // namespace

std::string tar_header_bytes(const TarHeader& header) {
    ENVPACK_ASSERT(!header.path.is_root());
    ENVPACK_ASSERT(header.size == 0 || header.type == FileType::regular);
    ENVPACK_ASSERT(header.link_target.empty() || header.type == FileType::symlink);
    const std::string path = header.path.str() + (header.type == FileType::directory ? "/" : "");

    std::map<std::string, std::string> pax;  // sorted: the order is part of the format
    const std::optional<Names> names = split_path(path);
    if (!names) {
        pax["path"] = path;
    }
    const bool link_fits = header.link_target.size() <= max_name && is_ascii(header.link_target);
    if (!link_fits) {
        pax["linkpath"] = header.link_target;
    }
    if (header.uid > max_id) {
        pax["uid"] = std::to_string(header.uid);
    }
    if (header.gid > max_id) {
        pax["gid"] = std::to_string(header.gid);
    }
    if (header.size > max_size) {
        pax["size"] = std::to_string(header.size);
    }
    if (!fits(header.mtime)) {
        pax["mtime"] = std::to_string(header.mtime);
    }
    for (const auto& [name, value] : header.xattrs) {
        pax["SCHILY.xattr." + name] = value;
    }

    std::string out;
    Fields fields{.type = type_flag(header.type),
                  .mode = header.mode & 07777U,
                  .uid = header.uid,
                  .gid = header.gid,
                  .size = header.size,
                  .mtime = header.mtime};
    if (!pax.empty()) {
        std::string body;
        for (const auto& [key, value] : pax) {
            body += pax_record(key, value);
        }
        append_block(out, {.names = {{}, pax_name},
                           .link = {},
                           .type = 'x',
                           .mode = pax_mode,
                           .uid = header.uid,
                           .gid = header.gid,
                           .size = body.size(),
                           .mtime = header.mtime});
        out += body;
        out.append(tar_padding(body.size()), '\0');
    }
    // A field that PAX replaces is left empty, so that no two readers see two different names.
    fields.names = names.value_or(Names{});
    fields.link = link_fits ? std::string_view(header.link_target) : std::string_view();
    append_block(out, fields);
    return out;
}

}  // namespace envpack::archive
