#include "wheel_metadata.hpp"

#include "envpack/base/file.hpp"
#include "envpack/base/text.hpp"
#include "envpack/packaging/sdist_filename.hpp"
#include "envpack/packaging/wheel_filename.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

namespace envpack::index {

namespace {

// Source: APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16 and 4.5.3.

constexpr std::string_view local_signature("PK\x03\x04", 4);
constexpr std::string_view entry_signature("PK\x01\x02", 4);
constexpr std::string_view end_signature("PK\x05\x06", 4);
constexpr std::string_view end64_signature("PK\x06\x06", 4);
constexpr std::string_view locator_signature("PK\x06\x07", 4);
constexpr std::size_t max_directory = 64u << 20;

std::uint64_t little(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = width; i-- > 0;) {
        value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
    }
    return value;
}

tl::unexpected<Error> bad_zip(std::string_view why) {
    return fail(Error(ErrorCode::parse_error, fmt::format("not a readable zip file: {}", why))
                    .with_rule("zip.structure"));
}

/// The file, of which the end is already here.
class Window {
public:
    Window(std::uint64_t size, std::string tail, const ReadRange& read)
        : size_(size), tail_(std::move(tail)), read_(read) {}

    Result<std::string> read(std::uint64_t offset, std::uint64_t length) const {
        if (offset > size_ || length > size_ - offset) {
            return bad_zip("an entry lies outside the file");
        }
        const std::uint64_t tail_start = size_ - tail_.size();
        if (offset >= tail_start) {
            return tail_.substr(offset - tail_start, length);
        }
        return read_(offset, static_cast<std::size_t>(length));
    }
    std::uint64_t size() const noexcept { return size_; }
    const std::string& tail() const noexcept { return tail_; }

private:
    std::uint64_t size_;
    std::string tail_;
    const ReadRange& read_;
};

struct Directory {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

Result<Directory> find_directory(const Window& file) {
    const std::string& tail = file.tail();
    if (tail.size() < 22) {
        return bad_zip("it is too short");
    }
    // The record whose comment ends exactly with the file; anything else is another's bytes.
    std::size_t at = tail.size() - 22;
    while (tail.compare(at, 4, end_signature) != 0 ||
           at + 22 + little(tail, at + 20, 2) != tail.size()) {
        if (at-- == 0) {
            return bad_zip("it has no end of central directory");
        }
    }
    Directory directory{.offset = little(tail, at + 16, 4), .size = little(tail, at + 12, 4)};
    const bool is_64 = directory.offset == 0xffffffff || directory.size == 0xffffffff ||
                       little(tail, at + 10, 2) == 0xffff;
    const std::uint64_t end = file.size() - tail.size() + at;
    if (is_64 && end >= 20) {
        ENVPACK_TRY(const std::string locator, file.read(end - 20, 20));
        if (locator.starts_with(locator_signature)) {
            ENVPACK_TRY(const std::string record, file.read(little(locator, 8, 8), 56));
            if (!record.starts_with(end64_signature)) {
                return bad_zip("its ZIP64 record is not where it should be");
            }
            directory = {.offset = little(record, 48, 8), .size = little(record, 40, 8)};
        }
    }
    if (directory.size > max_directory) {
        return fail(Error(ErrorCode::limit_exceeded, "the zip file's directory is too large")
                        .with_rule("zip.directory-size"));
    }
    if (directory.offset > end || directory.size > end - directory.offset) {
        return bad_zip("its directory lies outside the file");
    }
    return directory;
}

struct Entry {
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t packed = 0;
    std::uint64_t size = 0;
    std::uint32_t crc = 0;
    unsigned method = 0;
    unsigned flags = 0;
};

/// The members `<one folder>.dist-info/METADATA`.
Result<std::vector<Entry>> find_metadata(std::string_view directory) {
    std::vector<Entry> found;
    while (!directory.empty()) {
        if (directory.size() < 46 || !directory.starts_with(entry_signature)) {
            return bad_zip("its directory is damaged");
        }
        const std::size_t name_size = little(directory, 28, 2);
        const std::size_t extra_size = little(directory, 30, 2);
        const std::size_t whole = 46 + name_size + extra_size + little(directory, 32, 2);
        if (whole > directory.size()) {
            return bad_zip("its directory is damaged");
        }
        const std::string_view name = directory.substr(46, name_size);
        const auto slash = name.find('/');
        if (slash != std::string_view::npos && name.substr(slash) == "/METADATA" &&
            name.substr(0, slash).ends_with(".dist-info")) {
            Entry entry{.name = std::string(name),
                        .offset = little(directory, 42, 4),
                        .packed = little(directory, 20, 4),
                        .size = little(directory, 24, 4),
                        .crc = static_cast<std::uint32_t>(little(directory, 16, 4)),
                        .method = static_cast<unsigned>(little(directory, 10, 2)),
                        .flags = static_cast<unsigned>(little(directory, 8, 2))};
            // The ZIP64 field holds, in this order, what does not fit: size, packed, offset.
            std::string_view extra = directory.substr(46 + name_size, extra_size);
            while (extra.size() >= 4) {
                const std::size_t length = little(extra, 2, 2);
                std::string_view field = extra.substr(4, length);
                if (little(extra, 0, 2) == 1) {
                    for (std::uint64_t* value : {&entry.size, &entry.packed, &entry.offset}) {
                        if (*value == 0xffffffff && field.size() >= 8) {
                            *value = little(field, 0, 8);
                            field.remove_prefix(8);
                        }
                    }
                }
                extra.remove_prefix(std::min(extra.size(), 4 + length));
            }
            found.push_back(std::move(entry));
        }
        directory.remove_prefix(whole);
    }
    return found;
}

Result<std::string> inflate_entry(std::string_view packed, std::size_t size) {
    std::string out(size, '\0');
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
        return fail(ErrorCode::internal, "zlib cannot start");
    }
    // zlib's interface is not const-correct; it does not write to its input.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int code = inflate(&stream, Z_FINISH);
    const bool whole = code == Z_STREAM_END && stream.avail_out == 0 && stream.avail_in == 0;
    inflateEnd(&stream);
    if (!whole) {
        return bad_zip("METADATA does not unpack to its stated size");
    }
    return out;
}

Result<std::string> read_entry(const Window& file, const Entry& entry, std::uint64_t limit,
                               const Limits& limits) {
    if (entry.size > limits.max_metadata || entry.packed > limits.max_metadata) {
        return fail(Error(ErrorCode::limit_exceeded, "METADATA is too large")
                        .with_rule("wheel.metadata-size"));
    }
    if ((entry.flags & 1U) != 0 || (entry.method != 0 && entry.method != 8)) {
        return bad_zip("METADATA is encrypted or packed in an unknown way");
    }
    // One read that nearly always holds header and data; the local extra field has its own length.
    constexpr std::uint64_t usual_extra = 256;
    if (entry.offset >= limit) {
        return bad_zip("METADATA lies outside the file");
    }
    const std::uint64_t wanted = 30 + entry.name.size() + usual_extra + entry.packed;
    ENVPACK_TRY(std::string piece, file.read(entry.offset, std::min(wanted, limit - entry.offset)));
    if (piece.size() < 30 || !piece.starts_with(local_signature) ||
        piece.substr(30, little(piece, 26, 2)) != entry.name ||
        little(piece, 8, 2) != entry.method) {
        return bad_zip("METADATA has two different headers");
    }
    const std::uint64_t start = 30 + little(piece, 26, 2) + little(piece, 28, 2);
    if (piece.size() < start + entry.packed) {
        ENVPACK_TRY(piece, file.read(entry.offset, start + entry.packed));
    }
    const std::string_view packed = std::string_view(piece).substr(start, entry.packed);
    std::string text(packed);
    if (entry.method == 8) {
        ENVPACK_TRY(text, inflate_entry(packed, static_cast<std::size_t>(entry.size)));
    }
    const auto crc =
        crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size()));
    if (text.size() != entry.size || crc != entry.crc) {
        return bad_zip("METADATA does not have its stated checksum");
    }
    return text;
}

Result<Entry> choose(std::vector<Entry> entries, const packaging::WheelFilename& wheel) {
    if (entries.size() > 1) {
        std::erase_if(entries, [&](const Entry& entry) {
            const std::string_view folder =
                std::string_view(entry.name)
                    .substr(0, entry.name.size() - std::string_view(".dist-info/METADATA").size());
            const auto name = packaging::PackageName::parse(folder.substr(0, folder.find('-')));
            return !name || name->str() != wheel.name;
        });
    }
    if (entries.size() != 1) {
        return fail(
            Error(ErrorCode::parse_error,
                  fmt::format("the wheel has {} METADATA files of its project", entries.size()))
                .with_rule("wheel.dist-info"));
    }
    return entries.front();
}

}  // namespace

Result<std::string> wheel_metadata_text(std::string_view filename, std::uint64_t size,
                                        std::string tail, const ReadRange& read,
                                        const Limits& limits) {
    ENVPACK_TRY(const auto wheel, packaging::WheelFilename::parse(filename));
    const Window file(size, std::move(tail), read);
    ENVPACK_TRY(const Directory directory, find_directory(file));
    ENVPACK_TRY(const std::string bytes, file.read(directory.offset, directory.size));
    ENVPACK_TRY(std::vector<Entry> entries, find_metadata(bytes));
    ENVPACK_TRY(const Entry entry, choose(std::move(entries), wheel));
    return read_entry(file, entry, directory.offset, limits);
}

Result<std::string> wheel_metadata_text_of(std::string_view bytes, std::string_view filename,
                                           const Limits& limits) {
    const ReadRange read = [&](std::uint64_t offset, std::size_t length) -> Result<std::string> {
        return std::string(bytes.substr(offset, length));
    };
    const std::size_t tail = std::min<std::size_t>(bytes.size(), 66u << 10);
    return with_context(
        wheel_metadata_text(filename, bytes.size(), std::string(bytes.substr(bytes.size() - tail)),
                            read, limits),
        fmt::format("while reading METADATA of `{}`", text::printable(filename)));
}

Result<std::string> wheel_metadata_text(const std::filesystem::path& path,
                                        std::string_view filename, const Limits& limits) {
    ENVPACK_TRY(const auto file, MappedFile::open(path));
    return wheel_metadata_text_of(as_text(file->bytes()), filename, limits);
}

Result<packaging::CoreMetadata> parse_metadata_of(std::string_view filename, std::string_view text,
                                                  const Limits& limits) {
    const std::string doing =
        fmt::format("while reading METADATA of `{}`", text::printable(filename));
    ENVPACK_TRY(packaging::CoreMetadata metadata,
                with_context(packaging::CoreMetadata::parse(text, limits), doing));
    const auto is_other = [&](const auto& named) {
        return !named || named->name != metadata.name.str() || named->version != metadata.version;
    };
    const bool other = filename.ends_with(".whl")
                           ? is_other(packaging::WheelFilename::parse(filename))
                           : is_other(packaging::SdistFilename::parse(filename));
    if (other) {
        return fail(Error(ErrorCode::parse_error,
                          fmt::format("METADATA is about `{} {}`", metadata.name.str(),
                                      metadata.version.to_string()))
                        .with_rule("wheel.metadata-name")
                        .with_context(doing));
    }
    return metadata;
}

}  // namespace envpack::index
