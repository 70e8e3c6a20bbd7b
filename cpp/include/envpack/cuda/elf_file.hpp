#pragma once

#include "envpack/base/byte_region.hpp"
#include "envpack/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace envpack::cuda {

/// Symbol versions that a file needs of one library, or gives.
struct VersionNeed {
    std::string library;                     ///< as DT_NEEDED spells it: `libc.so.6`
    std::vector<std::string> versions = {};  ///< in the file's order: `GLIBC_2.34`
};

/// What the dynamic loader and the driver read of an ELF file. Value; not synchronised.
/// Source: System V ABI, chapters 4 and 5; Linux Standard Base, symbol versioning.
struct ElfFile {
    bool is_wide = false;       ///< 64-bit
    bool is_little = false;     ///< little-endian
    std::uint16_t type = 0;     ///< e_type
    std::uint16_t machine = 0;  ///< e_machine
    std::uint32_t flags = 0;    ///< e_flags
    std::uint8_t abi_version = 0;
    std::string program_interpreter = {};  ///< PT_INTERP; empty: none
    bool is_dynamic = false;               ///< has a dynamic section
    std::string soname = {};
    std::vector<std::string> needed = {};
    std::vector<std::string> rpath = {};          ///< folders, `$ORIGIN` and the like not replaced
    std::vector<std::string> runpath = {};        ///< where there is one, rpath is not used
    std::vector<VersionNeed> version_needs = {};  ///< without weak ones
    std::vector<std::string> version_definitions = {};

    static constexpr std::uint16_t executable = 2;      ///< of `type`
    static constexpr std::uint16_t shared_object = 3;   ///< of `type`: libraries, most programs
    static constexpr std::uint16_t machine_cuda = 190;  ///< of `machine`: a cubin

    /// nullopt when the bytes begin no ELF file. parse_error for one that is damaged: rules
    /// elf.header, elf.segments, elf.dynamic, elf.strings, elf.versions. Nothing is read but the
    /// headers and tables that are needed, each of them bounded.
    static Result<std::optional<ElfFile>> read(const ByteRegion& bytes);

    /// Whether a loader would take `library` for this file.
    bool can_load(const ElfFile& library) const noexcept {
        return library.machine == machine && library.is_wide == is_wide &&
               library.is_little == is_little;
    }
};

}  // namespace envpack::cuda
