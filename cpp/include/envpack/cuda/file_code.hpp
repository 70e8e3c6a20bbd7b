#pragma once

#include "envpack/base/byte_region.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/cuda/elf_file.hpp"
#include "envpack/cuda/fatbin.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace envpack::cuda {

/// The GPU code of a file, or of several. Value; not synchronised.
struct FileCode {
    /// How many containers have exactly these entries (sorted): thousands are alike.
    std::map<std::vector<FatbinEntry>, std::uint64_t> containers = {};
    /// What could not be read, one line each: then more code may be there.
    std::vector<std::string> unread = {};

    bool empty() const noexcept { return containers.empty() && unread.empty(); }
    std::uint64_t container_count() const noexcept;
    /// The entries of all containers, each with how often it is there.
    std::map<FatbinEntry, std::uint64_t> entries() const;
    void add(const FileCode& other);
};

/// Searches a whole file: an executable, library or object, a static archive member by member, a
/// `.fatbin`, or a bare cubin. A file of another kind has no code. What cannot be read is among
/// `unread`; errors are io_error and cancelled.
Result<FileCode> read_file_code(const ByteRegion& bytes, const Limits& limits = {},
                                const RunContext& run = {});

}  // namespace envpack::cuda
