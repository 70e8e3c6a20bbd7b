#include "content_region.hpp"

#include "envpack/base/file.hpp"

#include <utility>

namespace envpack::pipeline {
namespace {

constexpr std::uint64_t largest_in_memory = std::uint64_t{32} << 20;

}  // namespace

Result<RegionWriter> RegionWriter::create(std::uint64_t size,
                                          const std::filesystem::path& scratch) {
    RegionWriter writer(size);
    if (size > largest_in_memory) {
        ENVPACK_TRY(writer.file_, ScratchFile::create(scratch));
    }
    return writer;
}

Result<void> RegionWriter::write(std::span<const std::byte> data) {
    if (data.size() > left_) {
        return fail(ErrorCode::limit_exceeded, "a file has more bytes than were listed");
    }
    left_ -= data.size();
    if (file_) {
        return file_->write(data);
    }
    memory_ += as_text(data);
    return {};
}

Result<ByteRegion> RegionWriter::take() && {
    return file_ ? std::move(*file_).take() : ByteRegion(std::move(memory_));
}

Result<ByteRegion> region_of(const archive::Content& content, const std::filesystem::path& scratch,
                             const RunContext& run) {
    if (content.file() != nullptr) {
        ENVPACK_TRY(FileHandle file, open_for_reading(*content.file()));
        return ByteRegion::of_file(std::move(file), *content.file());
    }
    ENVPACK_TRY(const auto source, content.open());
    ENVPACK_TRY(RegionWriter region, RegionWriter::create(content.size(), scratch));
    ENVPACK_CHECK(copy(*source, region, run));
    return std::move(region).take();
}

}  // namespace envpack::pipeline
