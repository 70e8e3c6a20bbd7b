#include "pax.hpp"

#include "envpack/base/text.hpp"

#include <charconv>
#include <set>

#include <fmt/format.h>

namespace envpack::archive {
namespace {

constexpr std::size_t max_key = 256;
constexpr std::string_view xattr_prefix = "SCHILY.xattr.";

tl::unexpected<Error> malformed(std::string_view what) {
    return refuse("tar.pax", fmt::format("PAX header {}", what));
}

struct Record {
    std::string_view key;
    std::string_view value;
};

/// "%d key=value\n", the length counting all of it; takes it off the front of `body`.
Result<Record> next_record(std::string_view& body) {
    std::size_t length = 0;
    const char* const end = body.data() + body.size();
    const auto [digits_end, error] = std::from_chars(body.data(), end, length);
    if (error != std::errc() || body.front() == '0' || digits_end == end || *digits_end != ' ') {
        return malformed("has a record without its length");
    }
    const auto digits = static_cast<std::size_t>(digits_end - body.data());
    if (length < digits + 3 || length > body.size() || body[length - 1] != '\n') {
        return malformed("has a record of the wrong length");
    }
    const std::string_view record = body.substr(digits + 1, length - digits - 2);
    body.remove_prefix(length);
    const std::size_t equals = record.find('=');
    if (equals == std::string_view::npos || equals == 0 || equals > max_key) {
        return malformed("has a record without a proper key");
    }
    const Record parsed{record.substr(0, equals), record.substr(equals + 1)};
    if (parsed.key.find('\0') != std::string_view::npos) {
        return malformed("has a key with a NUL");
    }
    return parsed;
}

Result<std::uint64_t> number_of(const Record& record) {
    std::uint64_t number = 0;
    const char* const end = record.value.data() + record.value.size();
    const auto [rest, error] = std::from_chars(record.value.data(), end, number);
    if (error != std::errc() || rest != end || number > std::uint64_t{INT64_MAX}) {
        return malformed(fmt::format("has a malformed `{}`", record.key));
    }
    return number;
}

/// Whole seconds, rounded down, of "[-]digits[.digits]".
Result<std::int64_t> time_of(const Record& record) {
    std::int64_t seconds = 0;
    const char* const end = record.value.data() + record.value.size();
    const auto [rest, error] = std::from_chars(record.value.data(), end, seconds);
    const std::string_view fraction(rest, static_cast<std::size_t>(end - rest));
    const bool has_fraction = fraction.size() > 1 && fraction.front() == '.' &&
                              fraction.find_first_not_of("0123456789", 1) == std::string_view::npos;
    // "12." is what some writers make of whole seconds; Go reads it.
    if (error != std::errc() || !(fraction.empty() || fraction == "." || has_fraction)) {
        return malformed(fmt::format("has a malformed `{}`", record.key));
    }
    const bool rounds_down =
        record.value.front() == '-' && fraction.find_first_not_of(".0") != std::string_view::npos;
    return rounds_down ? seconds - 1 : seconds;
}

Result<std::string> path_of(const Record& record) {
    if (record.value.find('\0') != std::string_view::npos) {
        return malformed(fmt::format("has a NUL in `{}`", record.key));
    }
    return std::string(record.value);
}

Result<void> apply(const Record& record, PaxRecords& into) {
    const std::string_view key = record.key;
    if (key.starts_with("GNU.sparse.") || key.starts_with("SCHILY.sparse") ||
        key == "SCHILY.realsize") {
        return refuse("tar.type", "sparse tar members are not supported", ErrorCode::unsupported);
    }
    if (key == "hdrcharset") {
        if (record.value != "BINARY" && record.value != "ISO-IR 10646 2000 UTF-8") {
            return malformed(
                fmt::format("has the character set `{}`", text::printable(record.value)));
        }
        return {};
    }
    const bool is_text = key == "path" || key == "linkpath";
    const bool is_number = key == "size" || key == "uid" || key == "gid" || key == "mtime";
    const bool is_xattr = key.starts_with(xattr_prefix);
    // A time alone makes no other file of a member.
    into.changes_members =
        into.changes_members || is_text || (is_number && key != "mtime") || is_xattr;
    // An empty value deletes what a global header said, and we take nothing from those.
    if (record.value.empty()) {
        return {};
    }
    if (key == "path") {
        ENVPACK_TRY(into.path, path_of(record));
    } else if (key == "linkpath") {
        ENVPACK_TRY(into.link_path, path_of(record));
    } else if (key == "size") {
        ENVPACK_TRY(into.size, number_of(record));
    } else if (key == "uid") {
        ENVPACK_TRY(into.uid, number_of(record));
    } else if (key == "gid") {
        ENVPACK_TRY(into.gid, number_of(record));
    } else if (key == "mtime") {
        ENVPACK_TRY(into.mtime, time_of(record));
    } else if (is_xattr) {
        into.xattrs.emplace_back(key.substr(xattr_prefix.size()), record.value);
    }
    return {};
}

}  // namespace

Result<PaxRecords> parse_pax(std::string_view body) {
    PaxRecords records;
    std::set<std::string_view> keys;
    while (!body.empty()) {
        ENVPACK_TRY(const Record record, next_record(body));
        if (!keys.insert(record.key).second) {
            return refuse("tar.pax-duplicate", fmt::format("PAX header has two records `{}`",
                                                           text::printable(record.key)));
        }
        ENVPACK_CHECK(apply(record, records));
    }
    return records;
}

}  // namespace envpack::archive
