#pragma once

#include "envpack/base/byte_region.hpp"
#include "envpack/base/limits.hpp"
#include "envpack/base/result.hpp"
#include "envpack/base/run_context.hpp"
#include "envpack/cuda/gpu_code.hpp"

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

// The containers of GPU code that nvcc puts into executables, libraries and objects. The format is
// nowhere published; what is read here was compared with the real cuobjdump (tests/cli). Nothing is
// decompressed: architectures stand in the headers.
//
// * Containers are not only in the sections that nvcc makes: NVIDIA's libraries keep thousands of
//   them elsewhere. So the whole file is searched, and each find is validated to its last byte.
// * Whether PTX or machine code has the suffix `a` or `f` is told by flags in the header.

namespace envpack::cuda {

/// One piece of code in a container. Value; not synchronised.
struct FatbinEntry {
    enum class Kind : std::uint8_t {
        cubin,   ///< machine code
        ptx,     ///< compiled by the driver, if it knows the ISA
        lto_ir,  ///< linked at run time by nvJitLink: no code by itself
        other,   ///< of a kind that nobody described
    };
    Kind kind = Kind::other;
    GpuCode code = {};       ///< of `lto_ir`: the target that it is for
    unsigned isa_major = 0;  ///< of PTX, such as 8.5; else 0
    unsigned isa_minor = 0;

    friend auto operator<=>(const FatbinEntry&, const FatbinEntry&) = default;
};

/// A container is one module: the driver takes the best of its entries for a GPU, or none.
struct FatbinContainer {
    std::uint64_t offset = 0;  ///< in the bytes that were searched
    std::uint64_t size = 0;    ///< with its header
    std::vector<FatbinEntry> entries = {};
};

/// Something that begins as a container and is none, or that was not looked at.
struct UnreadFatbin {
    std::uint64_t offset = 0;
    std::string reason;
};

struct FatbinScan {
    std::uint64_t containers = 0;
    std::vector<UnreadFatbin> unread = {};  ///< the first of them
    std::uint64_t unread_count = 0;
};

/// Calls `visit` for every container in `bytes`, in their order. The work is linear in the size of
/// the bytes, whatever they hold; memory grows with the entries of one container only, at most
/// Limits::max_entries. What cannot be read is among `unread`, not an error; io_error when the
/// bytes cannot be had.
Result<FatbinScan> scan_fatbins(const ByteRegion& bytes,
                                const std::function<void(const FatbinContainer&)>& visit,
                                const Limits& limits = {}, const RunContext& run = {});

}  // namespace envpack::cuda
