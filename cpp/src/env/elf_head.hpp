#pragma once

#include "envpack/archive/file_tree.hpp"
#include "envpack/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace envpack::env {

/// The few facts that the front of an ELF file tells about an executable.
/// Source: System V ABI, chapter 4 and 5. Value; not synchronised.
struct ElfHead {
    std::string machine;              ///< as platform.machine(); empty for one we do not know
    std::string program_interpreter;  ///< PT_INTERP: `/lib64/ld-linux-x86-64.so.2`, or empty
};

/// nullopt when `text` begins no ELF file. Offsets beyond `text` are taken for absent.
std::optional<ElfHead> parse_elf_head(std::string_view text);

/// Reads the front of a regular file, without following links; nullopt when it is no ELF file.
Result<std::optional<ElfHead>> read_elf_head(const archive::FileTree& tree, const SafePath& path);

}  // namespace envpack::env
