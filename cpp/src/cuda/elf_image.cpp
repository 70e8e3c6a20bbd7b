#include "elf_image.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

constexpr std::uint32_t pt_load = 1;
constexpr std::uint32_t pt_dynamic = 2;
constexpr std::uint32_t pt_interp = 3;
constexpr std::size_t narrow_header = 52;
constexpr std::uint16_t max_segments = 4096;
constexpr std::uint64_t max_dynamic = 1U << 20;
constexpr std::size_t max_elf_string = 16384;
constexpr std::string_view elf_magic =
    "\x7f"
    "ELF";

}  // namespace

Result<std::optional<ElfImage>> ElfImage::open(const ByteRegion& bytes) {
    ElfImage image(bytes);
    std::vector<std::byte> buffer;
    ENVPACK_TRY(const auto head, bytes.read(0, image.header_.size(), buffer));
    if (!as_text(head).starts_with(elf_magic)) {
        return std::nullopt;
    }
    const auto byte_at = [&](std::size_t i) {
        return i < head.size() ? std::to_integer<unsigned>(head[i]) : 0U;
    };
    image.wide_ = byte_at(4) == 2;
    image.little_ = byte_at(5) == 1;
    const bool known = (image.wide_ || byte_at(4) == 1) && (image.little_ || byte_at(5) == 2);
    if (!known || head.size() < (image.wide_ ? image.header_.size() : narrow_header)) {
        return refuse("elf.header", "its ELF header is cut off or of no known class");
    }
    std::ranges::copy(head, image.header_.begin());
    return image;
}

Result<void> ElfImage::copy(std::uint64_t offset, std::span<std::byte> into,
                            std::string_view rule) {
    ENVPACK_TRY(const auto data, bytes_.read(offset, into.size(), buffer_));
    if (data.size() < into.size()) {
        return refuse(rule, "a table of it lies beyond the end of the file");
    }
    std::ranges::copy(data, into.begin());
    return {};
}

Result<void> ElfImage::read_segments() {
    const ByteFields header(header_, little_);
    const std::uint64_t table = header.word(wide_ ? 32 : 28, wide_);
    const std::uint16_t entry_size = header.u16(wide_ ? 54 : 42);
    const std::uint16_t count = header.u16(wide_ ? 56 : 44);
    const std::size_t least_size = wide_ ? 56 : 32;
    if (count == 0) {
        return {};
    }
    if (count > max_segments || entry_size < least_size || table > bytes_.size()) {
        return refuse("elf.segments", "its program headers make no sense");
    }
    std::vector<std::byte> entry(least_size);
    for (std::uint64_t i = 0; i < count; ++i) {
        ENVPACK_CHECK(copy(table + i * entry_size, entry, "elf.segments"));
        const ByteFields fields(entry, little_);
        segments_.push_back({.type = fields.u32(0),
                             .offset = fields.word(wide_ ? 8 : 4, wide_),
                             .address = fields.word(wide_ ? 16 : 8, wide_),
                             .file_size = fields.word(wide_ ? 32 : 16, wide_)});
    }
    return {};
}

const ElfImage::Segment* ElfImage::segment(std::uint32_t type) const noexcept {
    const auto found = std::ranges::find(segments_, type, &Segment::type);
    return found == segments_.end() ? nullptr : &*found;
}

Result<std::string> ElfImage::program_interpreter() {
    const Segment* const interpreter = segment(pt_interp);
    if (interpreter == nullptr || interpreter->file_size == 0) {
        return std::string();
    }
    std::vector<std::byte> text(std::min<std::uint64_t>(interpreter->file_size, max_elf_string));
    ENVPACK_CHECK(copy(interpreter->offset, text, "elf.segments"));
    const std::string_view path = as_text(text);
    return std::string(path.substr(0, path.find('\0')));
}

Result<std::vector<std::pair<std::uint64_t, std::uint64_t>>> ElfImage::dynamic() {
    std::vector<std::pair<std::uint64_t, std::uint64_t>> tags;
    const Segment* const section = segment(pt_dynamic);
    if (section == nullptr || section->file_size == 0) {
        return tags;
    }
    if (section->file_size > max_dynamic) {
        return refuse("elf.dynamic", "its dynamic section is too large");
    }
    std::vector<std::byte> data(section->file_size);
    ENVPACK_CHECK(copy(section->offset, data, "elf.dynamic"));
    const ByteFields fields(data, little_);
    const std::size_t word = wide_ ? 8 : 4;
    for (std::size_t at = 0; at + 2 * word <= data.size(); at += 2 * word) {
        const std::uint64_t tag = fields.word(at, wide_);
        if (tag == 0) {
            break;
        }
        tags.emplace_back(tag, fields.word(at + word, wide_));
    }
    return tags;
}

Result<std::uint64_t> ElfImage::offset_of(std::uint64_t address, std::string_view rule) const {
    for (const Segment& one : segments_) {
        if (one.type == pt_load && address >= one.address &&
            address - one.address < one.file_size) {
            const std::uint64_t offset = one.offset + (address - one.address);
            if (offset >= one.offset && offset < bytes_.size()) {
                return offset;
            }
        }
    }
    return refuse(rule, fmt::format("address {:#x} lies in none of its segments", address));
}

Result<void> ElfImage::use_strings(std::uint64_t address, std::uint64_t size) {
    if (address == 0 && size == 0) {
        return {};
    }
    ENVPACK_TRY(strings_offset_, offset_of(address, "elf.strings"));
    strings_size_ = std::min(size, bytes_.size() - strings_offset_);
    return {};
}

Result<std::string> ElfImage::string(std::uint64_t offset) {
    if (offset < strings_size_) {
        const std::uint64_t left = strings_size_ - offset;
        // Most names are short; only search paths are long.
        for (std::size_t length = 128; length <= max_elf_string; length *= 128) {
            ENVPACK_TRY(const auto data,
                        bytes_.read(strings_offset_ + offset,
                                    static_cast<std::size_t>(std::min<std::uint64_t>(length, left)),
                                    buffer_));
            const std::string_view text = as_text(data);
            const std::size_t end = text.find('\0');
            if (end != std::string_view::npos) {
                return std::string(text.substr(0, end));
            }
        }
    }
    return refuse("elf.strings", fmt::format("it has no string at {} of its table", offset));
}

}  // namespace envpack::cuda
