#include "envpack/cuda/ar_archive.hpp"

#include "envpack/base/text.hpp"

#include <charconv>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

constexpr std::string_view ar_magic = "!<arch>\n";
constexpr std::string_view thin_magic = "!<thin>\n";
constexpr std::size_t ar_header = 60;

/// A decimal number that fills its field up to blanks.
std::optional<std::uint64_t> ar_number(std::string_view field) {
    field = text::trim(field);
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc() || end != field.data() + field.size()) {
        return std::nullopt;
    }
    return value;
}

bool is_table(std::string_view name) {
    return name == "/" || name == "//" || name == "/SYM64/" || name.starts_with("__.SYMDEF");
}

}  // namespace

Result<bool> is_ar_archive(const ByteRegion& bytes) {
    std::vector<std::byte> buffer;
    ENVPACK_TRY(const auto start, bytes.read(0, ar_magic.size(), buffer));
    return as_text(start) == ar_magic || as_text(start) == thin_magic;
}

Result<void> for_each_ar_member(
    const ByteRegion& bytes,
    const std::function<Result<void>(const std::string& name, const ByteRegion& member)>& visit) {
    std::vector<std::byte> buffer;
    ENVPACK_TRY(const auto start, bytes.read(0, ar_magic.size(), buffer));
    const bool thin = as_text(start) == thin_magic;
    if (!thin && as_text(start) != ar_magic) {
        return refuse("ar.header", "this is no static archive");
    }
    for (std::uint64_t at = ar_magic.size(); at < bytes.size();) {
        ENVPACK_TRY(const auto data, bytes.read(at, ar_header, buffer));
        const std::string_view header = as_text(data);
        const std::optional<std::uint64_t> size =
            header.size() == ar_header && header.ends_with("`\n") ? ar_number(header.substr(48, 10))
                                                                  : std::nullopt;
        if (!size) {
            return refuse("ar.header", fmt::format("no member of the archive begins at {}", at));
        }
        const std::string name(text::trim(header.substr(0, 16)));
        at += ar_header;
        const bool has_bytes = !thin || is_table(name);
        if (has_bytes && *size > bytes.size() - at) {
            return refuse("ar.truncated",
                          fmt::format("the archive ends in its member at {}", at - ar_header));
        }
        if (has_bytes && !is_table(name)) {
            // BSD: a long name stands before the bytes and counts as such.
            const auto inside = name.starts_with("#1/") ? ar_number(name.substr(3)) : 0;
            ENVPACK_CHECK(visit(name, bytes.part(at, *size).part(inside.value_or(0), *size)));
        }
        if (has_bytes) {
            at += *size + *size % 2;
        }
    }
    return {};
}

}  // namespace envpack::cuda
