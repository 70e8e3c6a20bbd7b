#include "envpack/cuda/file_code.hpp"

#include "envpack/cuda/ar_archive.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace envpack::cuda {
namespace {

constexpr std::size_t max_kinds_of_container = 4096;
constexpr std::size_t max_unread_lines = 16;

/// The target of a bare cubin: e_flags has it at another place from ABI version 8 on (CUDA 13). The
/// suffixes do not show there.
GpuCode cubin_target(const ElfFile& cubin) {
    const unsigned number =
        cubin.abi_version >= 8 ? (cubin.flags >> 8) & 0xFFU : cubin.flags & 0xFFU;
    return {.capability = {.major = number / 10, .minor = number % 10}};
}

class FileReader {
public:
    FileReader(const Limits& limits, const RunContext& run) : limits_(limits), run_(run) {}

    Result<void> read(const ByteRegion& bytes, const std::string& member) {
        ENVPACK_TRY(const bool archive, is_ar_archive(bytes));
        if (archive && member.empty()) {
            return read_archive(bytes);
        }
        if (const Result<std::optional<ElfFile>> elf = ElfFile::read(bytes);
            elf && *elf && (*elf)->machine == ElfFile::machine_cuda) {
            add({FatbinEntry{.kind = FatbinEntry::Kind::cubin, .code = cubin_target(**elf)}});
            return {};
        }
        ENVPACK_TRY(const FatbinScan scan,
                    scan_fatbins(
                        bytes, [this](const FatbinContainer& container) { add(container.entries); },
                        limits_, run_));
        for (const UnreadFatbin& unread : scan.unread) {
            tell(fmt::format("a container of GPU code at byte {}{}{} cannot be read: {}",
                             unread.offset, member.empty() ? "" : " of member ", member,
                             unread.reason));
        }
        return {};
    }

    FileCode take() && { return std::move(code_); }

private:
    Result<void> read_archive(const ByteRegion& bytes) {
        Result<void> walk = for_each_ar_member(
            bytes, [this](const std::string& name, const ByteRegion& member) -> Result<void> {
                ENVPACK_CHECK(run_.check());
                return read(member, name);
            });
        if (!walk && walk.error().code() != ErrorCode::parse_error) {
            return walk;
        }
        if (!walk) {
            tell(std::string(walk.error().message()));
        }
        return {};
    }

    void add(std::vector<FatbinEntry> entries) {
        std::ranges::sort(entries);
        const auto found = code_.containers.find(entries);
        if (found != code_.containers.end()) {
            ++found->second;
        } else if (code_.containers.size() < max_kinds_of_container) {
            code_.containers.emplace(std::move(entries), 1);
        } else {
            tell("its containers of GPU code are all different: not all are counted");
        }
    }

    void tell(std::string line) {
        if (code_.unread.size() < max_unread_lines &&
            std::ranges::find(code_.unread, line) == code_.unread.end()) {
            code_.unread.push_back(std::move(line));
        }
    }

    const Limits& limits_;
    const RunContext& run_;
    FileCode code_;
};

}  // namespace

std::uint64_t FileCode::container_count() const noexcept {
    std::uint64_t count = 0;
    for (const auto& [entries, number] : containers) {
        count += number;
    }
    return count;
}

std::map<FatbinEntry, std::uint64_t> FileCode::entries() const {
    std::map<FatbinEntry, std::uint64_t> all;
    for (const auto& [entries, number] : containers) {
        for (const FatbinEntry& entry : entries) {
            all[entry] += number;
        }
    }
    return all;
}

void FileCode::add(const FileCode& other) {
    for (const auto& [entries, number] : other.containers) {
        containers[entries] += number;
    }
    unread.insert(unread.end(), other.unread.begin(), other.unread.end());
}

Result<FileCode> read_file_code(const ByteRegion& bytes, const Limits& limits,
                                const RunContext& run) {
    FileReader reader(limits, run);
    ENVPACK_CHECK(reader.read(bytes, ""));
    return std::move(reader).take();
}

}  // namespace envpack::cuda
