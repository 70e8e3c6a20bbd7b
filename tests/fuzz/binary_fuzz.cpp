// A foreign binary: containers of GPU code that are accepted lie in the file, one behind the other,
// and are whole; the ELF and archive readers stay inside the file.

#include "envpack/cuda/ar_archive.hpp"
#include "envpack/cuda/elf_file.hpp"
#include "envpack/cuda/file_code.hpp"
#include "fuzzing.hpp"

#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace envpack;
    const ByteRegion bytes{std::string(fuzz_text(data, size))};
    std::uint64_t end = 0;
    const auto scan = cuda::scan_fatbins(bytes, [&](const cuda::FatbinContainer& container) {
        ENVPACK_ASSERT(container.offset >= end && container.offset % 8 == 0);
        ENVPACK_ASSERT(container.size >= 80 && container.size <= bytes.size() - container.offset);
        ENVPACK_ASSERT(container.entries.size() <= container.size / 64);
        end = container.offset + container.size;
    });
    ENVPACK_ASSERT(scan.has_value());
    ENVPACK_ASSERT(scan->unread.size() <= scan->unread_count);
    if (const auto elf = cuda::ElfFile::read(bytes); elf && *elf) {
        for (const std::string& name : (*elf)->needed) {
            ENVPACK_ASSERT(name.find('\0') == std::string::npos && name.size() <= size);
        }
    }
    const auto code = cuda::read_file_code(bytes);
    ENVPACK_ASSERT(code.has_value());
    ENVPACK_ASSERT(code->container_count() <= size / 80);
    return 0;
}
