// A wheel as an archive: what the strict reader accepts can be read to the end or fails its checks.

#include "envpack/archive/zip_reader.hpp"
#include "envpack/base/bytes.hpp"
#include "fuzzing.hpp"

#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace envpack;
    const int file = memfd_create("fuzz", MFD_CLOEXEC);
    if (file < 0 || write(file, data, size) != static_cast<ssize_t>(size)) {
        std::abort();
    }
    const Limits limits{.max_entry_size = 1 << 20, .max_total_size = 1 << 22};
    const auto zip = archive::ZipReader::open("/proc/self/fd/" + std::to_string(file), limits);
    close(file);
    if (!zip) {
        return 0;
    }
    for (const archive::ZipEntry& entry : zip->entries()) {
        ENVPACK_ASSERT(SafePath::parse(entry.path.str()).has_value());
        if (auto source = entry.content.open()) {
            const auto bytes = read_all(**source, 1 << 20);
            ENVPACK_ASSERT(!bytes || bytes->size() == entry.content.size());
        }
    }
    return 0;
}
