#include "content_region.hpp"

#include "envpack/base/bytes.hpp"
#include "envpack/base/file.hpp"
#include "envpack/base/scratch_file.hpp"

#include <memory>
#include <string>
#include <utility>

namespace envpack::pipeline {
namespace {

constexpr std::uint64_t largest_content_in_memory = std::uint64_t{32} << 20;

}  // namespace

Result<ByteRegion> region_of(const archive::Content& content, const std::filesystem::path& scratch,
                             const RunContext& run) {
    if (content.file() != nullptr) {
        ENVPACK_TRY(FileHandle file, open_for_reading(*content.file()));
        return ByteRegion::of_file(std::move(file), content.file()->string());
    }
    ENVPACK_TRY(const auto source, content.open());
    if (content.size() <= largest_content_in_memory) {
        ENVPACK_TRY(std::string bytes, read_all(*source, content.size()));
        return ByteRegion(std::move(bytes));
    }
    ENVPACK_TRY(ScratchFile file, ScratchFile::create(scratch));
    ENVPACK_CHECK(copy(*source, file, run));
    return std::move(file).take();
}

}  // namespace envpack::pipeline
