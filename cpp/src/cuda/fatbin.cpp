#include "envpack/cuda/fatbin.hpp"

#include "byte_fields.hpp"

#include <cstring>
#include <optional>
#include <span>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

// Magic 0xBA55ED50, version 1, header size 16: the first eight bytes of every container.
constexpr std::uint64_t fatbin_start = 0x0010'0001'BA55'ED50;
constexpr std::size_t fatbin_alignment = 8;
constexpr std::size_t container_header = 16;
constexpr std::size_t entry_header = 64;
constexpr std::uint16_t entry_version = 0x0101;
constexpr std::size_t scan_block = std::size_t{1} << 20;
constexpr std::size_t max_unread_told = 16;

constexpr std::uint64_t flag_suffix_a = 0x100000;
constexpr std::uint64_t flag_suffix_f = 0x200000;

/// The first aligned offset of `data` at or after `from` with the pattern; data.size() without one.
std::size_t find_start(std::span<const std::byte> data, std::size_t from) {
    constexpr std::size_t words = 16;
    const auto word_at = [&](std::size_t offset) {
        std::uint64_t word =
            0;  // the pattern is compared as bytes, so the host's order matters not
        std::memcpy(&word, data.data() + offset, sizeof(word));
        return word;
    };
    std::uint64_t pattern = 0;
    for (std::size_t i = 0; i < sizeof(pattern); ++i) {
        const auto byte = static_cast<unsigned char>(fatbin_start >> (8 * i));
        std::memcpy(reinterpret_cast<unsigned char*>(&pattern) + i, &byte, 1);
    }
    std::size_t at = from;
    for (; at + words * sizeof(pattern) <= data.size(); at += words * sizeof(pattern)) {
        unsigned hits = 0;  // without a branch a word, so that compilers use vectors
        for (std::size_t i = 0; i < words; ++i) {
            hits += word_at(at + i * sizeof(pattern)) == pattern ? 1U : 0U;
        }
        if (hits != 0) {
            break;
        }
    }
    for (; at + sizeof(pattern) <= data.size(); at += sizeof(pattern)) {
        if (word_at(at) == pattern) {
            return at;
        }
    }
    return data.size();
}

FatbinEntry entry_of(const ByteFields& header) {
    using Kind = FatbinEntry::Kind;
    FatbinEntry entry;
    switch (header.u16(0)) {
        case 1:
            entry.kind = Kind::ptx;
            entry.isa_minor = header.u16(24);
            entry.isa_major = header.u16(26);
            break;
        case 2:
            entry.kind = Kind::cubin;
            break;
        case 8:
            entry.kind = Kind::lto_ir;
            break;
        default:
            break;
    }
    const std::uint32_t number = header.u32(28);
    const std::uint64_t flags = header.u64(40);
    entry.code = {.is_ptx = entry.kind == Kind::ptx,
                  .capability = {.major = number / 10, .minor = number % 10}};
    if ((flags & flag_suffix_a) != 0) {
        entry.code.suffix = GpuCode::Suffix::architecture;
    } else if ((flags & flag_suffix_f) != 0) {
        entry.code.suffix = GpuCode::Suffix::family;
    }
    return entry;
}

class FatbinScanner {
public:
    FatbinScanner(const ByteRegion& bytes, const std::function<void(const FatbinContainer&)>& visit,
                  const Limits& limits, const RunContext& run)
        : bytes_(bytes),
          visit_(visit),
          limits_(limits),
          run_(run),
          walks_left_(bytes.size() / entry_header + 1024) {}

    Result<FatbinScan> scan() && {
        std::uint64_t at = 0;
        while (at + container_header <= bytes_.size() && !gave_up_) {
            ENVPACK_CHECK(run_.check());
            ENVPACK_TRY(const auto block, bytes_.read(at, scan_block, block_));
            const std::size_t found = find_start(block, 0);
            if (found == block.size()) {
                at += block.size();
                continue;
            }
            ENVPACK_TRY(at, next_after(at, found, block));
        }
        return std::move(result_);
    }

private:
    /// Behind the containers and other finds of this block, from the first one on; a multiple of
    /// the alignment.
    Result<std::uint64_t> next_after(std::uint64_t start, std::size_t found,
                                     std::span<const std::byte> block) {
        while (found < block.size() && !gave_up_) {
            ENVPACK_TRY(const auto container, read_container(start + found));
            if (container) {
                ++result_.containers;
                visit_(*container);
                const std::uint64_t end = found + container->size;
                if (end >= block.size()) {
                    return start + end;
                }
                found = static_cast<std::size_t>(end);
            } else {
                found += fatbin_alignment;
            }
            found = find_start(block, found);
        }
        return start + block.size();
    }

    std::nullopt_t unread(std::uint64_t offset, std::string reason) {
        ++result_.unread_count;
        if (result_.unread.size() < max_unread_told) {
            result_.unread.push_back({.offset = offset, .reason = std::move(reason)});
        }
        return std::nullopt;
    }

    /// nullopt when it was no container, which is noted.
    Result<std::optional<FatbinContainer>> read_container(std::uint64_t offset) {
        ENVPACK_TRY(const auto head, bytes_.read(offset, container_header, header_));
        if (head.size() < container_header) {
            return unread(offset, "the file ends in its header");
        }
        const std::uint64_t payload = ByteFields(head).u64(8);
        const std::uint64_t room = bytes_.size() - offset - container_header;
        if (payload > room) {
            return unread(offset, fmt::format("it says that it has {} bytes, the file has {} left",
                                              payload, room));
        }
        if (payload < entry_header || payload % fatbin_alignment != 0) {
            return unread(offset, fmt::format("it says that it has {} bytes", payload));
        }
        FatbinContainer container{.offset = offset, .size = container_header + payload};
        ENVPACK_TRY(const std::optional<std::string> problem, read_entries(container));
        if (problem) {
            unread(offset, *problem);
            spend(offset, container.entries.size() + 1);
            return std::nullopt;
        }
        return container;
    }

    /// Containers that overlap in a hostile file are walked again and again: a bound keeps the work
    /// linear.
    void spend(std::uint64_t offset, std::uint64_t walks) {
        if (walks > walks_left_ && !gave_up_) {
            gave_up_ = true;
            unread(offset, "too many broken containers: the file is not searched beyond this one");
        }
        walks_left_ -= std::min(walks, walks_left_);
    }

    /// What is wrong with them; nullopt when the walk ends exactly where the container does.
    Result<std::optional<std::string>> read_entries(FatbinContainer& container) {
        const std::uint64_t end = container.offset + container.size;
        std::uint64_t at = container.offset + container_header;
        while (at < end) {
            const std::size_t number = container.entries.size() + 1;
            if (end - at < entry_header) {
                return fmt::format("{} bytes are left behind its entries", end - at);
            }
            if (number > limits_.max_entries) {
                return fmt::format("it has more than {} entries", limits_.max_entries);
            }
            ENVPACK_TRY(const auto data, bytes_.read(at, entry_header, header_));
            const ByteFields header(data);
            const std::uint32_t header_size = header.u32(4);
            const std::uint64_t payload = header.u64(8);
            if (header.u16(2) != entry_version || header_size < entry_header ||
                header_size % fatbin_alignment != 0 || payload % fatbin_alignment != 0) {
                return fmt::format("entry {} has no valid header", number);
            }
            if (header_size > end - at || payload > end - at - header_size ||
                header.u32(16) > payload) {
                return fmt::format("entry {} is larger than the container", number);
            }
            container.entries.push_back(entry_of(header));
            at += header_size + payload;
        }
        return std::nullopt;
    }

    const ByteRegion& bytes_;
    const std::function<void(const FatbinContainer&)>& visit_;
    const Limits& limits_;
    const RunContext& run_;
    std::uint64_t walks_left_;  ///< headers of entries in what turns out to be no container
    bool gave_up_ = false;
    FatbinScan result_;
    std::vector<std::byte> block_;
    std::vector<std::byte> header_;
};

}  // namespace

Result<FatbinScan> scan_fatbins(const ByteRegion& bytes,
                                const std::function<void(const FatbinContainer&)>& visit,
                                const Limits& limits, const RunContext& run) {
    return FatbinScanner(bytes, visit, limits, run).scan();
}

}  // namespace envpack::cuda
