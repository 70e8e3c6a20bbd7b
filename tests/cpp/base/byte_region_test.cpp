#include "envpack/base/byte_region.hpp"

#include "envpack/base/scratch_file.hpp"

#include <filesystem>
#include <string>
#include <unistd.h>

#include <gtest/gtest.h>

namespace envpack {
namespace {

std::string text_at(const ByteRegion& region, std::uint64_t offset, std::size_t length) {
    std::vector<std::byte> buffer;
    return std::string(as_text(region.read(offset, length, buffer).value()));
}

ByteRegion in_a_file(const std::string& text) {
    ScratchFile file = ScratchFile::create(std::filesystem::temp_directory_path()).value();
    EXPECT_TRUE(file.write(as_bytes(text)));
    return std::move(file).take().value();
}

TEST(ByteRegion, MemoryAndFileGiveTheSame) {
    for (const ByteRegion& region :
         {ByteRegion(std::string("0123456789")), in_a_file("0123456789")}) {
        EXPECT_EQ(region.size(), 10U);
        EXPECT_EQ(text_at(region, 0, 4), "0123");
        EXPECT_EQ(text_at(region, 8, 4), "89");
        EXPECT_EQ(text_at(region, 10, 4), "");
        EXPECT_EQ(text_at(region, UINT64_MAX, SIZE_MAX), "");
        const ByteRegion part = region.part(2, 5);
        EXPECT_EQ(part.size(), 5U);
        EXPECT_EQ(text_at(part, 3, 100), "56");
        EXPECT_EQ(text_at(part.part(1, UINT64_MAX), 0, 100), "3456");
        EXPECT_EQ(region.part(11, 1).size(), 0U);
    }
    EXPECT_EQ(ByteRegion().size(), 0U);
}

TEST(ByteRegion, AFileThatShrinksIsAnError) {
    const auto path =
        std::filesystem::temp_directory_path() / ("envpack-shrinks-" + std::to_string(::getpid()));
    ASSERT_TRUE(write_file(path, "0123456789"));
    const ByteRegion region =
        ByteRegion::of_file(open_for_reading(path).value(), path.string()).value();
    std::filesystem::resize_file(path, 4);
    std::vector<std::byte> buffer;
    EXPECT_EQ(region.read(0, 10, buffer).error().code(), ErrorCode::io_error);
    std::filesystem::remove(path);
}

}  // namespace
}  // namespace envpack
