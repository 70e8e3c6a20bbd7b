#include "decoders.hpp"
#include "envpack/base/bytes.hpp"
#include "little_endian.hpp"
#include "zip_format.hpp"

#include <fmt/format.h>

namespace envpack::archive {
namespace {

constexpr std::uint16_t zip64_id = 0x0001;
constexpr std::uint16_t unicode_path_id = 0x7075;

bool is_zip64_length(std::size_t length) {
    return length == 0 || length == 8 || length == 16 || length == 24 || length == 28;
}

/// Info-ZIP's field: version 1, the CRC-32 of the name in the header, the name in UTF-8. Readers
/// that honour it and readers that do not must see the same name.
bool repeats(Bytes field, std::string_view name) {
    return field.size() == 5 + name.size() && field[0] == std::byte{1} &&
           le32(field, 1) == crc32_of(as_bytes(name)) && as_text(field.subspan(5)) == name;
}

}  // namespace

Result<ZipExtra> parse_zip_extra(Bytes extra, std::string_view name) {
    ZipExtra parsed;
    while (!extra.empty()) {
        if (extra.size() < 4 || extra.size() - 4 < le16(extra, 2)) {
            return refuse("zip.extra", "zip extra fields do not fill their space");
        }
        const std::uint16_t id = le16(extra, 0);
        const Bytes field = extra.subspan(4, le16(extra, 2));
        extra = extra.subspan(4 + field.size());
        if (id == zip64_id) {
            if (parsed.zip64 || !is_zip64_length(field.size())) {
                return refuse("zip.zip64", "zip64 extra field is doubled or of a wrong length");
            }
            parsed.zip64 = field;
        } else if (id == unicode_path_id) {
            if (parsed.unicode_path || !repeats(field, name)) {
                return refuse("zip.unicode-extra", "zip member has a second, other name");
            }
            parsed.unicode_path = field;
        }
    }
    return parsed;
}

Result<std::uint64_t> zip64_value(std::uint32_t value, Bytes& zip64) {
    if (value != 0xffff'ffffU) {
        return value;
    }
    if (zip64.size() < 8) {
        return refuse("zip.zip64", "zip member lacks a zip64 value");
    }
    const std::uint64_t wide = le64(zip64, 0);
    zip64 = zip64.subspan(8);
    return wide;
}

}  // namespace envpack::archive
