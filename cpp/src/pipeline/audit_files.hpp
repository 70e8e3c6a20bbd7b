#pragma once

#include "envpack/archive/content.hpp"
#include "envpack/archive/disk_tree.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/base/safe_path.hpp"
#include "envpack/cuda/elf_file.hpp"
#include "envpack/cuda/file_code.hpp"
#include "envpack/pipeline/source.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

// Which files of a source have machine code in them, read once each.

namespace envpack::pipeline {

/// An ELF file, static archive or container of GPU code. Value; not synchronised.
struct Binary {
    SafePath path;
    std::uint64_t size = 0;
    std::optional<cuda::ElfFile> elf = std::nullopt;  ///< none too for one that is damaged
    bool is_archive = false;
    cuda::FileCode code = {};
    std::string damage = {};  ///< why its ELF headers cannot be read; empty: they can

    bool is_loaded() const noexcept;  ///< by a process, not by a linker
};

/// nullopt for a file of another kind.
Result<std::optional<Binary>> read_binary(const SafePath& path, const ByteRegion& bytes,
                                          const RunContext& run);

/// The binaries below the folders and files `roots`, by path; kernel file systems and debug
/// information are passed over.
Result<std::vector<Binary>> binaries_on_disk(const archive::DiskTree& tree,
                                             const std::vector<SafePath>& roots,
                                             const RunContext& run);

/// The visible binaries of an image, by path. Each layer is streamed once more; what is too large
/// for memory is kept in `scratch` while it is read.
Result<std::vector<Binary>> binaries_of_image(const OpenSource& open,
                                              const std::filesystem::path& scratch,
                                              const RunContext& run);

/// Those among files that are only planned, by path; see region_of() for `scratch`.
Result<std::vector<Binary>> binaries_of_plan(const std::vector<archive::PlannedEntry>& entries,
                                             const std::filesystem::path& scratch,
                                             const RunContext& run);

}  // namespace envpack::pipeline
